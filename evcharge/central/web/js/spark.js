// A small line of the last samples: zero is at the bottom, the newest sample at the right edge. It survives a reload.
import { SAMPLES, before } from "./rows.js";

/**
 * Return the path of the line and of the area below it.
 * @param {(number|null)[]} samples null: not known @param {number} room how many samples fit @param {number} height @param {number} [top] value at the upper edge
 * @returns {[string, string]}
 */
export function spark(samples, room, height, top) {
  if (samples.length < 2) return ["", ""];
  const most = top || Math.max(...samples, 1);
  const first = room - samples.length;
  const y = (value) => (height - 1 - (Math.max(0, value) / most) * (height - 3)).toFixed(1);
  let line = "", area = "";
  samples.forEach((value, k) => {
    if (value === null) return;
    const step = `${typeof samples[k - 1] === "number" ? "L" : "M"}${first + k} ${y(value)}`;
    line += step;
    area += step;
    // Before a gap and at the end the area goes down, and back to where this piece began.
    if (typeof samples[k + 1] !== "number") area += `V${height}H${first + begin(samples, k)}Z`;
  });
  return [line, area];
}

/** Return where the piece of samples begins that `k` is in. @param {(number|null)[]} samples @param {number} k */
const begin = (samples, k) => samples.lastIndexOf(null, k) + 1;

/** A sample every so many seconds, for an hour, and what it is now. */
const EVERY_S = 15;
export const HOUR = 241;

/**
 * Return the samples of the last hour, and `watts` as the newest; what is not known is null.
 * @param {[number, number][]} power Unix s and W @param {number} now @param {number} watts
 */
export function lastHour(power, now, watts) {
  const samples = /** @type {(number|null)[]} */ (Array(HOUR - 1).fill(null));
  const newest = power.at(-1)?.[0] ?? 0;
  // The next sample is not missing before it is due.
  const end = now - newest < 3 * EVERY_S ? newest : now;
  for (const [at, value] of power) {
    const k = HOUR - 2 - Math.round((end - at) / EVERY_S);
    if (k >= 0) samples[k] = value;
  }
  return [...samples, watts];
}

const KEPT = "evcharge.lines";
const FRESH_MS = 60_000;
const TREND = 60;

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
