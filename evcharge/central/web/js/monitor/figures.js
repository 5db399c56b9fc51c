// Usage and efficiency of one charging point over some days.
import { h, put, set } from "../dom.js";
import { duration, kwh, number, percent } from "../format.js";
import { t, words } from "../i18n.js";
import { efficiency } from "./usage.js";

const RANGES = [1, 7, 30];
const NAMES = ["per_hour", "charging_share", "sessions", "energy", "faults_count", "mean"];

export class Figures {
  /** @param {import("./usage.js").Usage} usage */
  constructor(usage) {
    this.usage = usage;
  }

  /** Return the section, empty. */
  build() {
    this.values = Object.fromEntries(NAMES.map((name) => [name, h("dd")]));
    this.more = h("small", { class: "mute" });
    this.buttons = RANGES.map((days) =>
      h("button", { type: "button", "data-days": days, onclick: () => this.usage.load(days) }, t(`monitor.days.${days}`)));
    this.note = h("p", { class: "none", role: "status" });
    const head = h("header", null, words("h3", "monitor.usage"), h("div", { class: "seg", role: "group", "aria-label": t("monitor.range") }, this.buttons));
    const list = h("dl", { class: "figures" }, NAMES.map((name) =>
      h("div", null, words("dt", `monitor.${name}`), this.values[name], name === "charging_share" && h("dd", { class: "more" }, this.more))));
    return h("section", { class: "usage" }, head, list, this.note);
  }

  /** @param {string} id */
  show(id) {
    const { usage, values } = this;
    for (const button of this.buttons) set(button, "aria-pressed", String(Number(button.dataset.days) === usage.days));
    const use = usage.uses.get(id);
    put(this.note, usage.text);
    const shown = use ? wordsOf(use) : null;
    for (const name of NAMES) put(values[name], shown?.[name] ?? "–");
    put(this.more, use ? t("monitor.charging_of", { time: duration(efficiency(use).connected_s) }) : "");
  }
}

/** @param {any} use @returns {Record<string, string>} */
function wordsOf(use) {
  const { mwh_per_hour, charging } = efficiency(use);
  return {
    per_hour: mwh_per_hour === null ? "–" : `${kwh(mwh_per_hour)}/h`,
    charging_share: charging === null ? "–" : percent(charging),
    sessions: number(use.sessions),
    energy: kwh(use.energy_mwh),
    faults_count: number(use.faults),
    mean: use.faults ? duration(use.mean_fault_s) : "–",
  };
}
