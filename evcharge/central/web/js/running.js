// The running sessions, the newest first.
import { h, icon, put } from "./dom.js";
import { number, sign, time } from "./format.js";
import { labelled, t, words } from "./i18n.js";
import { keyed } from "./keyed.js";
import { CHARGING, PREPARING } from "./states.js";

const MOST = 40;

/** Power and energy without their units: these stand in the head. @param {number} value */
const figure = (value) => number(value, value < 99.995 ? 2 : 1);

export class Running {
  /** @param {HTMLElement} root @param {import("./store.js").Store} store @param {(id: string) => void} onPoint */
  constructor(root, store, onPoint) {
    this.store = store;
    this.onPoint = onPoint;
    this.count = h("b", { class: "count", id: "running-count" });
    this.body = h("tbody");
    this.none = words("p", "running.none", { class: "none" });
    this.more = h("p", { class: "none" });
    const heads = ["running.start", "running.driver", "running.cp"].map((key) => words("th", key, { scope: "col" }));
    const units = ["kW", "kWh", sign()].map((unit) => h("th", { scope: "col", class: "n" }, unit));
    this.table = h("table", { ...labelled("running.name") }, h("thead", null, h("tr", null, heads, units)), this.body);
    root.append(h("h2", null, icon("charging"), words("span", "running.name"), this.count),
      h("div", { class: "scroll", role: "region", tabindex: 0, ...labelled("running.name") }, this.table, this.none, this.more));
  }

  update() {
    const live = this.store.cps.filter((cp) => cp.session && (cp.s === CHARGING || cp.s === PREPARING || cp.started));
    live.sort((a, b) => (b.started || b.since) - (a.started || a.since) || a.i - b.i);
    put(this.count, number(live.length));
    this.none.hidden = live.length > 0;
    this.table.hidden = live.length === 0;
    this.more.hidden = live.length <= MOST;
    put(this.more, t("running.more", { count: number(live.length - MOST) }));
    keyed(this.body, live.slice(0, MOST), (cp) => cp.session, (cp) => this.#make(cp), (row, cp) => {
      const values = [time(cp.started || cp.since), cp.driver, null, number(cp.power / 1000, 1), figure(cp.energy / 1e6), number(cp.cost / 100, 2)];
      values.forEach((value, k) => value !== null && put(row.children[k], value));
    });
  }

  /** @param {import("./rows.js").Cp} cp */
  #make(cp) {
    const open = h("button", { type: "button", class: "plain", onclick: () => this.onPoint(cp.id) }, cp.id);
    return h("tr", { "data-session": cp.session }, h("td"), h("td"), h("td", null, open), h("td", { class: "n" }), h("td", { class: "n" }), h("td", { class: "n" }));
  }
}
