// The faults of one charging point in the last day, with how long each took.
import { h, put } from "../dom.js";
import { duration, when } from "../format.js";
import { counted, t, told, words } from "../i18n.js";
import { dayOf } from "../zone.js";

const MOST = 20;
const START_GRACE_S = 30;
// What says nothing of whether a fault is mended.
const SILENT = ["disconnected", "unknown"];

/** @typedef {import("./past.js").Span} Span */
/** @typedef {{from: number, until: number|null, reason: string, said?: Record<string, string>}} Incident */

/**
 * Return the faults, the oldest first: each from the first Faulted until the charging point is known to be well, whatever
 * its text became. An engine that comes a little after its monitor was no fault. Pure; Central counts them alike.
 * @param {Span[]|undefined} spans @param {number} now Unix seconds @returns {Incident[]}
 */
export function incidents(spans, now) {
  /** @type {(Incident & {start: boolean})[]} */ const found = [];
  let before = "";
  for (const { s, from, reason, said } of spans ?? []) {
    const last = found.at(-1);
    const open = last && last.until === null ? last : undefined;
    if (s === "faulted" && !open) found.push({ from, until: null, reason, said, start: SILENT.includes(before) });
    else if (s === "faulted" && open && reason) Object.assign(open, { reason, said });
    else if (open && !SILENT.includes(s)) open.until = from;
    before = s;
  }
  return found
    .filter(({ from, until, start }) => !start || (until ?? now) - from > START_GRACE_S)
    .map(({ start, ...incident }) => incident);
}

export class Faults {
  /** @type {string|null} */ #shown = null;

  /** Return the section, empty. */
  build() {
    this.#shown = null;
    this.list = h("ol", { class: "faults" });
    this.sum = h("span", { class: "mute" });
    this.none = h("p", { class: "none" });
    return h("section", null, h("header", null, words("h3", "monitor.faults"), this.sum), this.list, this.none);
  }

  /** @param {import("./past.js").Span[]|undefined} spans @param {number} now @param {string} problem why there are no spans, or "" */
  show(spans, now, problem) {
    const found = incidents(spans, now).reverse();
    const lasted = (span) => (span.until ?? now) - span.from;
    const key = dayOf(now) + found.map(({ from, until }) => `${from} ${until ?? Math.floor(now)}`).join();
    if (key === this.#shown && spans) return;
    this.#shown = spans ? key : null;
    const mean = found.reduce((sum, span) => sum + lasted(span), 0) / (found.length || 1);
    put(this.sum, !found.length ? "" : counted("monitor.fault_mean", found.length, { count: found.length, time: duration(mean) }));
    put(this.none, !spans ? problem || t("monitor.loading") : found.length ? "" : t("monitor.no_faults"));
    this.list?.replaceChildren(...found.slice(0, MOST).map((span) => row(span, lasted(span), now)));
  }
}

/** @param {Incident} incident @param {number} seconds @param {number} now */
function row({ from, until, reason, said }, seconds, now) {
  const left = until === null ? h("em", null, t("monitor.fault_still")) : null;
  return h("li", { "data-s": "faulted", class: until === null ? "open" : null },
    h("time", null, when(from, now)), h("span", null, reason ? told(reason, said) : t("status.Faulted")), left, h("b", null, duration(seconds)));
}
