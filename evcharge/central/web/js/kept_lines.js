// The small lines of tiles and figures survive a reload: they are kept with this tab.
import { SAMPLES } from "./rows.js";

const KEPT = "evcharge.lines";
const FRESH_MS = 60_000;
const TREND = 60;

/** @param {number[]} now @param {number[]} old @param {number} most */
const before = (now, old, most) => now.length < most && now.unshift(...old.slice(now.length - most));

/** @param {import("./store.js").Store} store */
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
