// The faults of one charging point in the last day, with how long each took.
import { h, put } from "../dom.js";
import { duration, when } from "../format.js";
import { t, words } from "../i18n.js";
import { faultWords } from "./truth.js";

const MOST = 20;

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
    const found = (spans ?? []).filter(({ s }) => s === "faulted").reverse();
    const lasted = (span) => (span.until ?? now) - span.from;
    const key = found.map(({ from, until }) => `${from} ${until ?? Math.floor(now)}`).join();
    if (key === this.#shown && spans) return;
    this.#shown = spans ? key : null;
    const mean = found.reduce((sum, span) => sum + lasted(span), 0) / (found.length || 1);
    put(this.sum, !found.length ? "" : t(found.length === 1 ? "monitor.fault_one" : "monitor.fault_mean", { count: found.length, time: duration(mean) }));
    put(this.none, !spans ? problem || t("monitor.loading") : found.length ? "" : t("monitor.no_faults"));
    this.list?.replaceChildren(...found.slice(0, MOST).map((span) => row(span, lasted(span), now)));
  }
}

/** @param {import("./past.js").Span} span @param {number} seconds @param {number} now */
function row({ from, until, reason }, seconds, now) {
  const left = until === null ? h("em", null, t("monitor.fault_still")) : null;
  return h("li", { "data-s": "faulted", class: until === null ? "open" : null },
    h("time", null, when(from, now)), h("span", null, reason ? faultWords(reason) : t("status.Faulted")), left, h("b", null, duration(seconds)));
}
