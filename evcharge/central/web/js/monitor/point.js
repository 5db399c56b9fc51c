// The room of one charging point: lamps, last day, power, temperature, usage, faults.
import { $, h, icon, iconHref, put, set } from "../dom.js";
import { clock, degrees, duration, kw, time } from "../format.js";
import { drawLines } from "../chart_lines.js";
import { Plot } from "../chart_plot.js";
import { drawStrip } from "../chart_strip.js";
import { t, words } from "../i18n.js";
import { STATES, STATUSES } from "../states.js";
import { Faults } from "./faults.js";
import { Figures } from "./figures.js";
import { engineLamp, monitorLamp, truth } from "./truth.js";

const DAY_S = 86_400;
const HOUR_S = 3600;
const EVERY_MS = 2000;

/** @typedef {import("../rows.js").Cp} Cp */

export class Point {
  #drawnAt = 0;
  #drawn = "";
  #built = "";

  /**
   * @param {import("./past.js").Past} past @param {import("./usage.js").Usage} usage @param {() => void} onBack
   */
  constructor(past, usage, onBack) {
    this.past = past;
    this.usage = usage;
    this.onBack = onBack;
    this.host = $("#point");
    this.faults = new Faults();
    this.figures = new Figures(usage);
  }

  /** Show it; `cp` undefined: nothing was chosen. @param {Cp|undefined} cp @param {number} now */
  show(cp, now) {
    if (!cp) return this.#none();
    if (this.#built !== cp.id) this.#build(cp.id);
    set(this.host, "data-s", STATES[cp.s]);
    put(this.title, cp.id);
    put(this.place, cp.where || t("monitor.no_location"));
    const status = t(`status.${STATUSES[cp.s]}`);
    put(this.status, cp.since ? `${status} ${t("monitor.since", { time: duration(now - cp.since) })}` : status);
    set(this.badge.querySelector("use"), "href", iconHref(STATES[cp.s]));
    put(this.truth, truth(cp));
    lampCard(this.monitor, "monitor.monitor", monitorLamp(cp));
    lampCard(this.engine, "monitor.engine", engineLamp(cp));
    put(this.powerNow, kw(cp.power));
    put(this.warmthNow, cp.temp === null ? "–" : degrees(cp.temp / 10));
    const day = this.past.of(cp.id, true);
    this.figures.show(cp.id);
    this.faults.show(day?.spans, now, this.past.problem(cp.id));
    this.#charts(cp, day, now);
  }

  /** Draw anew at the next `show`, such as in another language. */
  forget() {
    this.#built = "";
  }

  #none() {
    this.#built = "";
    this.host.removeAttribute("data-s");
    this.host.replaceChildren(h("div", { class: "choose" }, icon("monitor"), words("p", "monitor.choose", { id: "point-title" })));
  }

  /** @param {string} id */
  #build(id) {
    this.#built = id;
    this.#drawn = "";
    this.title = h("h2", { id: "point-title" }, id);
    this.place = h("p", { class: "mute" });
    this.badge = h("span", { class: "badge-square big" }, icon("available"));
    this.status = h("span", { class: "status-pill" });
    this.truth = h("p", { class: "truth", role: "status" });
    this.monitor = card();
    this.engine = card();
    for (const plot of this.plots ?? []) plot.remove();
    this.day = new Plot(h("svg"), drawStrip);
    this.power = new Plot(h("svg"), drawLines);
    this.warmth = new Plot(h("svg"), drawLines);
    this.plots = [this.day, this.power, this.warmth];
    this.powerNow = h("b");
    this.warmthNow = h("b");
    const back = h("button", { type: "button", class: "btn ghost back", onclick: this.onBack }, icon("prev"), words("span", "monitor.back"));
    this.host.replaceChildren(back,
      h("header", null, this.badge, h("div", null, this.title, this.place), this.status),
      h("div", { class: "lamp-cards" }, this.monitor, this.engine), this.truth,
      h("figure", { class: "day" }, h("figcaption", null, words("span", "monitor.day")), this.day.svg),
      h("div", { class: "graphs" },
        h("figure", null, h("figcaption", null, words("span", "monitor.power"), this.powerNow), this.power.svg),
        h("figure", null, h("figcaption", null, words("span", "monitor.temperature"), this.warmthNow), this.warmth.svg)),
      this.figures.build(), this.faults.build());
    this.host.scrollTop = 0;
  }

  /** @param {Cp} cp @param {import("./past.js").Day|undefined} day @param {number} now */
  #charts(cp, day, now) {
    const none = day ? "" : t(this.past.problem(cp.id) ? "monitor.no_day" : "monitor.loading");
    const drawn = `${cp.id} ${day?.loadedAt} ${day?.spans.length} ${none}`;
    if (drawn === this.#drawn && performance.now() - this.#drawnAt < EVERY_MS) return;
    this.#drawn = drawn;
    this.#drawnAt = performance.now();
    const spans = (day?.spans ?? []).map((span) => ({
      ...span, text: t("monitor.span", { status: statusWord(span.s), time: duration((span.until ?? now) - span.from) }),
    }));
    this.day.set({
      label: t("monitor.day_of", { cp: cp.id }), from: now - DAY_S, until: now, spans, x: time, ends: [t("monitor.day_ago"), t("monitor.now")],
    });
    const hour = { from: now - HOUR_S, until: now, x: time, when: clock };
    this.power.set({
      ...hour, label: t("monitor.power_of", { cp: cp.id }), y: kw, high: top(day?.power, 1000), low: 0, empty: none || t("monitor.no_power"),
      series: [{ points: day?.power ?? [], area: true, tone: 1 }],
    });
    this.warmth.set({
      ...hour, label: t("monitor.temperature_of", { cp: cp.id }), y: degrees, low: coldest(day?.temperature), empty: none || t("monitor.no_temperature"),
      series: [{ points: day?.temperature ?? [], tone: 3 }],
    });
  }
}

const card = () => h("div", { class: "lamp-card" }, h("span", { class: "big-lamp" }), h("div", null, h("small"), h("b"), h("p")));

/** @param {string} s */
const statusWord = (s) => t(STATES.includes(s) ? `status.${STATUSES[STATES.indexOf(s)]}` : "no_data");

/** @param {[number, number|null][]|undefined} series @param {number} least */
const top = (series, least) => (series ?? []).reduce((most, [, y]) => Math.max(most, y ?? 0), least);

/** Return a round temperature below all of them: the axis need not begin at zero. @param {[number, number|null][]|undefined} series */
function coldest(series) {
  const known = (series ?? []).flatMap(([, y]) => (y === null ? [] : [y]));
  return known.length ? Math.floor((Math.min(...known) - 2) / 5) * 5 : 0;
}

/** @param {HTMLElement} el @param {string} name @param {import("./truth.js").Lamp} lamp */
function lampCard(el, name, lamp) {
  const [small, big, why] = /** @type {any} */ (el.lastElementChild).children;
  set(el, "data-ok", String(lamp.ok));
  put(small, t(name));
  put(big, lamp.word);
  put(why, lamp.why);
}
