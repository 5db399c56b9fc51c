// Draws the cells of the mosaic: colour, and a mark that tells the status without it.
import { AVAILABLE, CHARGING, DISCONNECTED, FAULTED, FINISHING, PREPARING, STATES, UNAVAILABLE } from "./states.js";

const FULL_W = 60_000;
const DIM = 0.13;
const FONT = "Inter, system-ui, sans-serif";

/** Read the colours of the theme. */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const value = (name) => style.getPropertyValue(name).trim();
  return {
    back: STATES.map((name) => value(`--c-${name}`)),
    ink: STATES.map((name) => value(`--i-${name}`)),
    text: value("--text"), mute: value("--mute"), focus: value("--focus"), page: value("--bg"),
  };
}

/**
 * @param {CanvasRenderingContext2D} ctx @param {ReturnType<typeof palette>} colours
 * @param {import("./rows.js").Cp} cp @param {[number, number, number, number]} box x, y, width, height with its gap
 * @param {{gap: number, wanted: boolean}} how
 */
export function drawCell(ctx, colours, cp, [x, y, width, height], { gap, wanted }) {
  const w = width - gap;
  const high = height - gap;
  const small = Math.min(w, high);
  const alpha = wanted ? 1 : DIM;
  ctx.globalAlpha = 1;
  ctx.clearRect(x, y, width, height);
  ctx.globalAlpha = alpha;
  ctx.fillStyle = colours.back[cp.s];
  const radius = Math.min(8, small / 5);
  if (radius > 1.2 && ctx.roundRect) {
    ctx.beginPath();
    ctx.roundRect(x, y, w, high, radius);
    ctx.fill();
  } else ctx.fillRect(x, y, w, high);
  if (small < 6) return;
  const roomy = w >= 30 && high >= 28;
  ctx.fillStyle = ctx.strokeStyle = colours.ink[cp.s];
  ctx.lineWidth = Math.max(1, Math.min(8, small / 12));
  ctx.lineCap = "round";
  if (cp.s === CHARGING) level(ctx, cp, [x, y, w, high], roomy, alpha);
  const size = small * (roomy ? 0.17 : 0.24);
  mark(ctx, cp.s, x + w / 2, y + high * (roomy ? 0.64 : 0.5), size);
  if (roomy) texts(ctx, cp, [x, y, w, high], alpha);
}

/** How much power flows: a bar below, or the cell filled from below when it is small. */
function level(ctx, cp, [x, y, w, high], roomy, alpha) {
  const share = Math.min(1, cp.power / FULL_W);
  ctx.globalAlpha = alpha * (roomy ? 0.55 : 0.34);
  if (roomy) ctx.fillRect(x + 5, y + high - 6, (w - 10) * share, 3);
  else {
    const up = (high - 2) * (0.2 + 0.6 * share);
    ctx.fillRect(x + 1.5, y + high - 1 - up, w - 3, up);
  }
  ctx.globalAlpha = alpha;
}

/** A cross, a bar, a slash, a square, a ring: readable at six pixels. */
function mark(ctx, s, cx, cy, k) {
  ctx.beginPath();
  if (s === FAULTED) {
    ctx.moveTo(cx - k, cy - k);
    ctx.lineTo(cx + k, cy + k);
    ctx.moveTo(cx + k, cy - k);
    ctx.lineTo(cx - k, cy + k);
  } else if (s === UNAVAILABLE) {
    ctx.moveTo(cx - k * 1.2, cy);
    ctx.lineTo(cx + k * 1.2, cy);
  } else if (s === DISCONNECTED) {
    ctx.moveTo(cx - k, cy + k);
    ctx.lineTo(cx + k, cy - k);
  } else if (s === FINISHING) {
    ctx.rect(cx - k * 0.8, cy - k * 0.8, k * 1.6, k * 1.6);
  } else if (s === PREPARING) ctx.arc(cx, cy, k * 0.8, 0, Math.PI * 2);
  ctx.stroke();
}

function texts(ctx, cp, [x, y, w, high], alpha) {
  const cx = x + w / 2;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.globalAlpha = alpha * (cp.s === AVAILABLE ? 0.9 : 1);
  const size = Math.min(30, Math.max(9, Math.min(w / 5.4, high / 5)));
  ctx.font = `600 ${size}px ${FONT}`;
  ctx.fillText(cp.id, cx, y + Math.min(high * 0.27, size + 3), w - 4);
  if (cp.s !== CHARGING) return;
  ctx.font = `700 ${Math.min(72, w / 2.9, high / 2.6)}px ${FONT}`;
  ctx.fillText(String(Math.round(cp.power / 1000)), cx, y + high * 0.62, w - 4);
}
