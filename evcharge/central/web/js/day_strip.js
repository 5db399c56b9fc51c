// The last 24 hours of one charging point as a band: colour and height tell the status.
import { h } from "./dom.js";
import { statusWord } from "./cp_words.js";
import { duration, unix } from "./format.js";
import { t } from "./i18n.js";
import { BY_URGENCY, STATES, STATUSES } from "./states.js";

const DAY_S = 86_400;
const HEIGHT = 40;
/** How high each status stands, by code. */
const TALL = [22, 22, 30, 30, 40, 10];

/**
 * Return the band and the words for those who cannot see it.
 * @param {{at: number|string, status: string, until?: number|string|null}[]} history @param {number} now Unix seconds
 */
export function dayStrip(history, now) {
  const begin = now - DAY_S;
  const sums = STATES.map(() => 0);
  const bars = [];
  history.forEach((part, k) => {
    const s = STATUSES.indexOf(part.status);
    const from = Math.max(begin, unix(part.at));
    const until = Math.min(now, unix(part.until ?? history[k + 1]?.at ?? now) || now);
    if (s < 0 || until <= from) return;
    sums[s] += until - from;
    const width = Math.max(260, until - from);
    const box = { x: from - begin, width, y: HEIGHT - TALL[s], height: TALL[s] };
    bars.push(h("rect", { ...box, class: "bar", "data-s": STATES[s] }));
  });
  const share = (s) => t("drawer.share", { status: statusWord(s), time: duration(sums[s]) });
  const words = BY_URGENCY.filter((s) => sums[s] > 0).map(share).join(", ");
  return h("svg", { class: "day", viewBox: `0 0 ${DAY_S} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": words }, bars);
}
