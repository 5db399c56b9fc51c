// One tile of the wall: a button that tells the status by colour, icon, words, texture and ink.
import { $, h, iconHref, put, set } from "./dom.js";
import { statusWord, why } from "./cp_words.js";
import { brief, degrees, euros, kw, kwh, price } from "./format.js";
import { t } from "./i18n.js";
import { SAMPLES } from "./rows.js";
import { spark } from "./spark.js";
import { AVAILABLE, CHARGING, ENGINE, FAULTED, FINISHING, MONITOR, PREPARING, STATES, UNAVAILABLE } from "./states.js";

const SPARK_HEIGHT = 20;

const pattern = h("button", { class: "tile", type: "button", tabindex: -1 },
  h("span", { class: "hd" }, h("b", { class: "id" }), h("span", { class: "pr" }),
    h("svg", { class: "i ico", "aria-hidden": "true" }, h("use"))),
  h("span", { class: "sr-only st" }), h("span", { class: "loc" }), h("span", { class: "main" }), h("span", { class: "r1" }),
  h("span", { class: "sub" }), h("span", { class: "r2" }),
  h("span", { class: "lamps", "aria-hidden": "true" }, h("i"), h("i")),
  h("svg", { class: "spark", viewBox: `0 0 ${SAMPLES - 1} ${SPARK_HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    h("path", { class: "a" }), h("path", { class: "l" })),
);

export class Tile {
  #shown = -1;

  /** @param {import("./rows.js").Cp} cp */
  constructor(cp) {
    this.el = /** @type {HTMLButtonElement} */ (pattern.cloneNode(true));
    const part = (selector) => $(selector, this.el);
    this.parts = {
      id: part(".id"), price: part(".pr"), icon: part("use"), status: part(".st"), location: part(".loc"), main: part(".main"),
      right: part(".r1"), sub: part(".sub"), corner: part(".r2"), area: part(".a"), line: part(".l"),
      engine: part(".lamps i"), monitor: part(".lamps i + i"),
    };
    this.el.dataset.i = String(cp.i);
    this.place(cp);
  }

  /** Show what seldom changes. @param {import("./rows.js").Cp} cp */
  place(cp) {
    const { id, price: priced, location } = this.parts;
    this.el.dataset.cp = cp.id;
    put(id, cp.id);
    put(location, cp.where || t("wall.no_location"));
    put(priced, price(cp.price));
  }

  /** Show the row as it is now. @param {import("./rows.js").Cp} cp @param {number} now */
  paint(cp, now) {
    if (this.#shown !== cp.s) this.#turn(cp);
    const { main, right, sub, corner, area, line } = this.parts;
    if (cp.s === CHARGING) {
      put(main, kw(cp.power));
      put(right, euros(cp.cost));
      put(corner, kwh(cp.energy));
      const [path, below] = spark(cp.hist, SAMPLES, SPARK_HEIGHT);
      set(line, "d", path);
      set(area, "d", below);
    } else {
      this.#rest(cp, now);
    }
    put(sub, why(cp, now));
  }

  /** What stands where the figures of a charge would be. @param {import("./rows.js").Cp} cp @param {number} now */
  #rest(cp, now) {
    const { main, right, corner, engine, monitor } = this.parts;
    put(main, cp.s === UNAVAILABLE ? t("tile.out") : statusWord(cp.s));
    // A temperature only where it is still measured.
    put(right, cp.temp !== null && (cp.s === AVAILABLE || cp.s === PREPARING || cp.s === FINISHING) ? degrees(cp.temp / 10) : "");
    // The line beside it says why it is so.
    put(corner, cp.since && (cp.s === FAULTED || cp.s === UNAVAILABLE) ? brief(now - cp.since) : "");
    for (const [lamp, bit, key] of /** @type {any[]} */ ([[engine, ENGINE, "tile.engine"], [monitor, MONITOR, "tile.monitor"]])) {
      put(lamp, t(key));
      set(lamp, "class", cp.flags & bit ? "on" : "off");
    }
  }

  /** @param {import("./rows.js").Cp} cp */
  #turn(cp) {
    const { icon, status, right, area, line } = this.parts;
    const first = this.#shown === -1;
    this.#shown = cp.s;
    this.el.dataset.s = STATES[cp.s];
    icon.setAttribute("href", iconHref(STATES[cp.s]));
    put(status, cp.s === CHARGING || cp.s === UNAVAILABLE ? statusWord(cp.s) : "");
    put(right, "");
    set(area, "d", "");
    set(line, "d", "");
    if (cp.changed && !first) flash(this.el);
    cp.changed = false;
  }
}

/** A change shows once, and nothing blinks. @param {HTMLElement} el */
function flash(el) {
  el.classList.remove("chg");
  requestAnimationFrame(() => el.classList.add("chg"));
}
