// The small lines of tiles and figures survive a reload: what was seen of them goes with this tab.

import { SAMPLES } from "./rows.js";

const KEPT = "evcharge.lines";
const FRESH_MS = 60_000;
const TREND = 60;

/** Put back what was seen before, and keep what will be. @param {import("./store.js").Store} store */
export function keptLines(store) {
  addEventListener("pagehide", () => {
    const cps = store.cps.filter((cp) => cp?.hist.length).map((cp) => [cp.id, cp.session, cp.hist]);
    try {
      sessionStorage.setItem(KEPT, JSON.stringify({ at: Date.now(), trend: store.trend, cps }));
    } catch {
      // Too many of them: then they begin anew.
    }
  });
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  sessionStorage.removeItem(KEPT);
  const age = Date.now() - (kept?.at ?? 0);
  if (age < 0 || age > FRESH_MS) return;
  before(store.trend, kept.trend, TREND);
  const known = new Map(store.cps.filter(Boolean).map((cp) => [cp.id, cp]));
  for (const [id, session, hist] of kept.cps) {
    const cp = known.get(id);
    if (cp?.session === session) before(cp.hist, hist, SAMPLES);
  }
}

/** Put as many old samples before the new ones as there is room for. @param {number[]} now @param {number[]} old @param {number} most */
function before(now, old, most) {
  const room = most - now.length;
  if (room > 0) now.unshift(...old.slice(-room));
}
