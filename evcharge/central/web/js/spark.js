// A small line of the last samples: zero is at the bottom, the newest sample at the right edge. It survives a reload.
import { SAMPLES } from "./rows.js";

/**
 * Return the path of the line and of the area below it.
 * @param {number[]} samples @param {number} room how many samples fit @param {number} height @param {number} [top] value at the upper edge
 * @returns {[string, string]}
 */
export function spark(samples, room, height, top) {
  if (samples.length < 2) return ["", ""];
  const most = top || Math.max(...samples, 1);
  const first = room - samples.length;
  const y = (value) => (height - 1 - (Math.max(0, value) / most) * (height - 3)).toFixed(1);
  const line = samples.map((value, k) => `${k ? "L" : "M"}${first + k} ${y(value)}`).join("");
  return [line, `${line}V${height}H${first}Z`];
}

const KEPT = "evcharge.lines";
const FRESH_MS = 60_000;
const TREND = 60;

/** @param {number[]} now @param {number[]} old @param {number} most */
const before = (now, old, most) => now.length < most && now.unshift(...old.slice(now.length - most));

/** Let the small lines of tiles and figures survive a reload: they are kept with this tab. @param {import("./store.js").Store} store */
export function keptLines(store) {
  addEventListener("pagehide", () => {
    const cps = store.cps.flatMap((cp) => (cp?.hist.length ? [[cp.id, cp.session, cp.hist]] : []));
    try {
      sessionStorage.setItem(KEPT, JSON.stringify({ at: Date.now(), trend: store.trend, cps }));
    } catch {
      // Too many: they begin anew.
    }
  });
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
  sessionStorage.removeItem(KEPT);
  if (!(Date.now() - kept.at < FRESH_MS)) return;
  before(store.trend, kept.trend, TREND);
  for (const [id, session, hist] of kept.cps) {
    const cp = store.cps.find((one) => one?.id === id);
    if (cp?.session === session) before(cp.hist, hist, SAMPLES);
  }
}
