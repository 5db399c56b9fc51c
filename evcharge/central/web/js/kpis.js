// The strip of figures above the wall, and the small picture of the whole network.
import { h, put, set, sheets } from "./dom.js";
import { energyParts, euros, moneyParts, number, percent, powerParts } from "./format.js";
import { counted, t, words } from "./i18n.js";
import { later } from "./later.js";
import { spark } from "./spark.js";
import { CHARGING, PREPARING } from "./states.js";

const TREND = 60;
const HEIGHT = 40;
const EASE = 0.92;

export class Kpis {
  /**
   * @param {HTMLElement} root @param {import("./store.js").Store} store @param {import("./pick.js").Pick} pick
   * @param {(i: number) => void} onOpen
   */
  constructor(root, store, pick, onOpen) {
    this.store = store;
    const [power, energy, revenue, share] = ["power", "energy", "revenue", "availability"].map(figure);
    this.power = power;
    this.energy = energy;
    this.revenue = revenue;
    this.share = share;
    this.area = h("path", { class: "a" });
    this.line = h("path", { class: "l" });
    power.el.append(h("svg", {
      class: "kspark", viewBox: `0 0 ${TREND - 1} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true",
    }, this.area, this.line));
    this.ring = h("circle", { class: "fg", cx: 22, cy: 22, r: 18, pathLength: 100 });
    share.el.classList.add("ring");
    share.el.prepend(h("svg", { viewBox: "0 0 44 44", "aria-hidden": "true" }, h("circle", { class: "bg", cx: 22, cy: 22, r: 18 }), this.ring));
    this.count = h("span");
    const canvas = h("canvas", { "aria-hidden": "true" });
    const fleet = h("div", { class: "kpi fleet" }, h("h2", null, words("span", "kpi.fleet"), this.count), canvas);
    // On a phone the strip scrolls, also by the keyboard.
    const phone = matchMedia("(max-width: 900px)");
    const reach = () => (phone.matches ? root.setAttribute("tabindex", "0") : root.removeAttribute("tabindex"));
    phone.addEventListener("change", reach);
    reach();
    root.replaceChildren(power.el, energy.el, revenue.el, share.el, fleet);
    /** @type {import("./mosaic.js").Mosaic|undefined} */ this.mini = undefined;
    const load = async () => {
      const [{ Mosaic }, { Tip }] = await Promise.all([import("./mosaic.js"), import("./tip.js"), sheets("views")]);
      const tip = new Tip(store);
      this.mini ??= new Mosaic(canvas, store, pick, { most: 42, onOpen, onHover: (i, x, y) => tip.at(i, x, y) });
      this.mini.layout();
    };
    /** Load the small picture of the whole network, once. */
    this.whole = () => this.mini || later(load);
  }

  /** Once a second. */
  update() {
    const { kpi, cps, trend } = this.store;
    const n = cps.length;
    const busy = cps.reduce((sum, cp) => sum + (cp.s === CHARGING || cp.s === PREPARING ? 1 : 0), 0);
    const done = kpi.sessions_today ?? 0;
    this.power.show(...powerParts(kpi.power_w ?? 0), t("kpi.charging", { count: number(kpi.by?.[CHARGING] ?? 0), drivers: number(kpi.drivers ?? 0) }));
    const finished = counted("kpi.done", done, { count: number(done) });
    this.energy.show(...energyParts(kpi.energy_today_mwh ?? 0), done ? finished : t("kpi.none"));
    const revenue = kpi.revenue_today_cents ?? 0;
    this.revenue.show(...moneyParts(revenue), done ? t("kpi.mean", { amount: euros(revenue / done) }) : "");
    const available = kpi.availability ?? 0;
    this.share.show(number(available * 100, available > 0.99 && available < 1 ? 1 : 0), "%", t("kpi.used", { share: percent(n ? busy / n : 0) }));
    set(this.ring, "stroke-dasharray", `${(available * 100).toFixed(1)} 100`);
    this.ring.classList.toggle("none", available <= 0);
    put(this.count, counted("kpi.points", n, { count: number(n) }));
    // The trend shows the changes: its lower edge is a little below the least, not zero.
    const least = Math.min(...trend) * EASE;
    const [line, area] = spark(trend.map((value) => value - least), TREND, HEIGHT);
    set(this.line, "d", line);
    set(this.area, "d", area);
  }
}

/** One figure: its name, a number with its unit, and a line below. @param {string} name */
function figure(name) {
  const value = h("b", null, "–");
  const unit = h("i");
  const more = h("small");
  const el = h("div", { class: `kpi ${name}`, "data-kpi": name },
    h("div", null, words("h2", `kpi.${name}`), h("p", null, value, unit), more));
  const show = (number, its, line) => {
    put(value, number);
    put(unit, its);
    put(more, line);
  };
  return { el, show };
}
