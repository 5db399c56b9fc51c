// The free charging points: filter, order, and a button at each. Rows are kept by their point, and so is the focus.
import { $, h, icon, put } from "../dom.js";
import { kw, price } from "../format.js";
import { counted, t } from "../i18n.js";
import { place, plain } from "../location.js";

const FIRST = 12;

/** @typedef {import("../rows.js").Cp} Cp */

export class Points {
  /** @param {{onCharge: (cp: string) => void}} hooks */
  constructor({ onCharge }) {
    this.onCharge = onCharge;
    this.most = FIRST;
    this.busy = false;
    /** @type {Cp[]} */ this.points = [];
    /** @type {Cp[]} */ this.all = [];
    /** Loaded after the present. @type {import("./wishes.js").Wishes|undefined} */ this.wishes = undefined;
    /** @type {Map<string, HTMLElement>} */ this.rows = new Map();
    this.filter = /** @type {HTMLInputElement} */ ($("#filter"));
    this.order = /** @type {HTMLSelectElement} */ ($("#order"));
    this.filter.addEventListener("input", () => this.#again());
    this.order.addEventListener("change", () => this.#again());
    $("#free-more").addEventListener("click", () => this.#more());
    $("#free").addEventListener("click", (event) => {
      const button = /** @type {HTMLElement} */ (event.target).closest("button");
      if (button?.dataset.cp && !this.busy) this.onCharge(button.dataset.cp);
    });
  }

  /**
   * Show these free points of `all`; `busy`: the driver has a request already.
   * @param {Cp[]} points @param {boolean} busy @param {Cp[]} [all]
   */
  show(points, busy, all = points) {
    this.points = points;
    this.all = all;
    this.busy = busy;
    this.fill();
  }

  /** The location that all points of the filter share, or "". */
  get location() {
    const matching = this.filter.value.trim() ? this.#matching() : [];
    const places = new Set(matching.map(({ location }) => place(location)));
    return places.size === 1 ? matching[0].location : "";
  }

  /** The price at which a point is shown here now, as text in whole units; undefined when it is not. @param {string|undefined} id */
  priceOf(id) {
    const { price: centiCents } = this.rows.get(id ?? "")?.dataset ?? {};
    return centiCents === undefined ? undefined : String(Number(centiCents) / 1e4);
  }

  #again() {
    this.most = FIRST;
    this.fill();
    this.filter.dispatchEvent(new CustomEvent("filtered", { bubbles: true }));
  }

  #more() {
    const before = this.most;
    this.most += FIRST;
    this.fill();
    /** @type {HTMLElement|null} */ ($("#free").children[before]?.querySelector("button[data-cp]"))?.focus();
  }

  #matching() {
    const wanted = plain(this.filter.value.trim());
    const found = this.points.filter(({ id, location }) => plain(`${id} ${location}`).includes(wanted));
    const byId = (a, b) => a.id.localeCompare(b.id, undefined, { numeric: true });
    const order = this.order.value === "price" ? (a, b) => a.price - b.price || byId(a, b) : byId;
    return found.sort((a, b) => this.wishes?.first(a, b) || order(a, b));
  }

  fill() {
    const matching = this.#matching();
    const shown = matching.slice(0, this.most);
    const list = $("#free");
    const held = list.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.cp : null;
    const ids = new Set(shown.map(({ id }) => id));
    for (const [id, row] of this.rows) {
      if (ids.has(id)) continue;
      row.remove();
      this.rows.delete(id);
    }
    shown.forEach((cp, i) => {
      const row = this.#row(cp);
      if (list.children[i] !== row) list.insertBefore(row, list.children[i] ?? null);
    });
    // The point under the focus was taken by somebody else: the reader stays in the list. Its own charge is in the card.
    const next = this.busy ? $("#live") : list.querySelector("button[data-cp]") ?? this.filter;
    if (held && !ids.has(held)) /** @type {HTMLElement} */ (next).focus({ preventScroll: this.busy });
    list.classList.toggle("shut", this.busy);
    put($("#free-count"), counted("driver.free_count", this.points.length, { count: this.points.length }));
    const none = this.points.length ? t("driver.no_match", { text: this.filter.value.trim() }) : t("driver.no_free");
    put($("#free-none"), shown.length ? "" : none);
    this.wishes?.show();
    const left = matching.length - shown.length;
    $("#free-more").hidden = left === 0;
    put($("#free-more"), t("driver.more", { count: Math.min(left, FIRST) }));
  }

  /** @param {Cp} cp */
  #row(cp) {
    const place = cp.where || t("driver.no_location");
    let row = this.rows.get(cp.id);
    if (!row) {
      const button = h("button", { type: "button", "data-cp": cp.id });
      row = h("li", null, h("span", { class: "lamp", "data-s": "available" }, icon("available")),
        h("div", null, h("b", null, cp.id), h("small")), h("em", null, h("span")), button);
      this.rows.set(cp.id, row);
    }
    this.wishes?.mark(row, cp);
    const button = /** @type {HTMLElement} */ (row.querySelector("button[data-cp]"));
    put(row.querySelector("div > small"), cp.most ? `${place} · ${kw(cp.most)}` : place);
    put(row.querySelector("em > span"), price(cp.price));
    row.dataset.price = String(cp.price);
    put(button, t("driver.charge"));
    button.setAttribute("aria-label", t("driver.charge_at", { cp: cp.id, location: place }));
    button.setAttribute("aria-disabled", String(this.busy));
    button.title = this.busy ? t("driver.busy") : "";
    return row;
  }
}
