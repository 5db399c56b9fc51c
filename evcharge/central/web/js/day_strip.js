// The last 24 hours of one charging point as a band: colour and height tell the status.
import { h } from "./dom.js";
import { statusWord } from "./cp_words.js";
import { duration, unix } from "./format.js";
import { t } from "./i18n.js";
import { BY_URGENCY, NO_DATA, STATES, STATUSES } from "./states.js";

const DAY_S = 86_400;
const HEIGHT = 40;
/** How high each status stands, by code. */
const TALL = [22, 22, 30, 30, 40, 10, 22];
/** While Central was away: a line. */
const THIN = 3;

/**
 * Return the band and the words for those who cannot see it.
 * @param {{at: number|string, status: string, until?: number|string|null}[]} history @param {number} now Unix seconds
 */
export function dayStrip(history, now) {
  const begin = now - DAY_S;
  const sums = STATES.map(() => 0);
  const bars = [];
  let unknown = 0;
  history.forEach((part, k) => {
    const s = STATUSES.indexOf(part.status);
    const from = Math.max(begin, unix(part.at));
    const until = Math.min(now, unix(part.until ?? history[k + 1]?.at ?? now) || now);
    if (until <= from || (s < 0 && part.status !== NO_DATA)) return;
    if (s < 0) unknown += until - from;
    else sums[s] += until - from;
    const width = Math.max(260, until - from);
    const tall = TALL[s] ?? THIN;
    const box = { x: from - begin, width, y: HEIGHT - tall, height: tall };
    bars.push(h("rect", { ...box, class: "bar", "data-s": STATES[s] ?? "unknown" }));
  });
  const share = (s) => t("drawer.share", { status: statusWord(s), time: duration(sums[s]) });
  const shares = BY_URGENCY.filter((s) => sums[s] > 0).map(share);
  if (unknown > 0) shares.push(t("drawer.share", { status: t("no_data"), time: duration(unknown) }));
  const words = shares.join(", ");
  return h("svg", { class: "day", viewBox: `0 0 ${DAY_S} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": words }, bars);
}
