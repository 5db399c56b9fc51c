// The heartbeat of a charging point: its last day in narrow ticks; the height tells the status as well as the colour.
import { h, set } from "../dom.js";

const TICKS = 48;
const DAY_S = 86_400;
const GAP = 0.28;
const HEIGHT = 26;
const TALL = { faulted: 26, unavailable: 22, charging: 18, preparing: 14, finishing: 14, available: 14, disconnected: 8, unknown: 3 };

/**
 * Return what each tick shows, the oldest first: what lasted longest, but a fault however short. Pure.
 * @param {import("./past.js").Span[]|undefined} spans @param {number} now Unix seconds
 */
export function ticksOf(spans, now) {
  const each = DAY_S / TICKS;
  const begin = now - DAY_S;
  const longest = new Array(TICKS).fill(0);
  const shown = new Array(TICKS).fill("unknown");
  for (const { s, from, until } of spans ?? []) {
    const [first, last] = [(from - begin) / each, ((until ?? now) - begin) / each];
    for (let k = Math.max(0, Math.floor(first)); k < Math.min(TICKS, Math.ceil(last)); k++) {
      const part = s === "faulted" ? Infinity : Math.min(last, k + 1) - Math.max(first, k);
      if (part > longest[k]) [longest[k], shown[k]] = [part, s];
    }
  }
  return shown;
}

/** Make a strip. `show` draws again only what has changed. */
export function stripOf() {
  const bars = Array.from({ length: TICKS }, (_, k) => h("rect", { class: "tick", x: k + GAP / 2, width: 1 - GAP, y: HEIGHT - 3, height: 3, "data-s": "unknown" }));
  const element = h("svg", { class: "heartbeat", viewBox: `0 0 ${TICKS} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, bars);
  let known = "";
  /** @param {import("./past.js").Span[]|undefined} spans @param {number} now */
  const show = (spans, now) => {
    // A tick is half an hour: nothing moves within a minute, unless a status changed.
    const key = `${spans?.length ?? -1} ${spans?.at(-1)?.from} ${Math.floor(now / 60)}`;
    if (key === known) return;
    known = key;
    ticksOf(spans, now).forEach((s, k) => {
      set(bars[k], "data-s", s);
      set(bars[k], "y", HEIGHT - TALL[s]);
      set(bars[k], "height", TALL[s]);
    });
  };
  return { element, show };
}
