// All charging points in one list. Every point has its row, but only rows that are seen are filled and painted: six or
// ten thousand cost the same.
import { $, h, put } from "../dom.js";
import { keys } from "../keys.js";
import { t } from "../i18n.js";
import { plain } from "../location.js";
import { showRow } from "./row.js";
import { troubled } from "./truth.js";

const ORDER = new Intl.Collator(undefined, { numeric: true });

/** @typedef {import("../rows.js").Cp} Cp */

export class List {
  /** @type {Map<string, HTMLElement>} */ rows = new Map();
  /** @type {Set<string>} */ seen = new Set();
  /** @type {Cp[]} */ shown = [];
  chosen = "";
  onlyTroubled = false;
  #order = "";
  #painting = 0;

  /**
   * @param {import("../store.js").Store} store @param {import("./past.js").Past} past
   * @param {(id: string) => void} onChoose
   */
  constructor(store, past, onChoose) {
    this.store = store;
    this.past = past;
    this.onChoose = onChoose;
    this.host = $("#rows");
    this.search = /** @type {HTMLInputElement} */ ($("#search"));
    this.observer = new IntersectionObserver((entries) => this.#scrolled(entries), { root: null, rootMargin: "200px 0px" });
    this.search.addEventListener("input", () => this.#other());
    $("#all").addEventListener("click", () => this.filter(false));
    $("#troubled").addEventListener("click", () => this.filter(true));
    this.host.addEventListener("click", (event) => this.#press(event));
    this.host.addEventListener("keydown", (event) => this.#key(event));
    past.addEventListener("day", (event) => this.seen.has(/** @type {CustomEvent} */ (event).detail) && this.repaint());
    keys({ "/": () => this.search.focus(), p: () => this.filter(!this.onlyTroubled) });
  }

  /** Show all, or only those with trouble. @param {boolean} only */
  filter(only) {
    this.onlyTroubled = only;
    $("#all").setAttribute("aria-pressed", String(!only));
    $("#troubled").setAttribute("aria-pressed", String(only));
    this.#other();
  }

  /** Something else was asked for: begin at its first row. */
  #other() {
    this.host.scrollTop = 0;
    this.arrange();
  }

  /** Work out which rows there are. */
  arrange() {
    const known = this.store.cps.filter(Boolean).sort((a, b) => ORDER.compare(a.id, b.id));
    const wanted = plain(this.search.value.trim());
    const bad = known.filter(troubled);
    this.shown = (this.onlyTroubled ? bad : known).filter(({ id, location }) => plain(`${id} ${location}`).includes(wanted));
    const order = this.shown.map(({ id }) => id).join();
    put($("#points-count"), known.length);
    put($("#troubled-count"), bad.length);
    const none = this.store.link === "wait" ? "waiting" : !known.length ? "no_points" : this.onlyTroubled && !wanted ? "no_trouble" : "no_match";
    put($("#rows-none"), this.shown.length ? "" : t(`monitor.${none}`));
    if (order !== this.#order) this.#place();
    this.#order = order;
    this.repaint();
  }

  #place() {
    const focused = this.host.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.cp : null;
    this.host.replaceChildren(...this.shown.map((cp) => this.#row(cp)));
    if (focused) this.rows.get(focused)?.querySelector("button")?.focus();
    this.#rove();
  }

  /** @param {Cp} cp */
  #row(cp) {
    let row = this.rows.get(cp.id);
    if (!row) {
      row = h("li", { "data-cp": cp.id }, h("button", { type: "button", "data-cp": cp.id, tabindex: -1 }, cp.id));
      this.rows.set(cp.id, row);
      this.observer.observe(row);
    }
    return row;
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #scrolled(entries) {
    for (const { target, isIntersecting } of entries) {
      const id = /** @type {HTMLElement} */ (target).dataset.cp ?? "";
      if (isIntersecting) this.seen.add(id);
      else this.seen.delete(id);
    }
    this.past.keepWanted((id) => this.seen.has(id) || id === this.chosen);
    this.repaint();
  }

  /** Paint what is seen, once a frame at most. */
  repaint() {
    this.#painting ||= requestAnimationFrame(() => {
      this.#painting = 0;
      const now = this.store.shown();
      for (const cp of this.shown) {
        if (!this.seen.has(cp.id)) continue;
        showRow(/** @type {HTMLElement} */ (this.rows.get(cp.id)), cp, { now, day: this.past.of(cp.id), chosen: cp.id === this.chosen });
      }
    });
  }

  /** Mark which one is shown beside the list. @param {string} id */
  choose(id) {
    this.chosen = id;
    this.#rove(id);
    this.repaint();
  }

  /** One row takes the Tab; the arrows walk from there. @param {string} [id] */
  #rove(id = this.chosen) {
    const to = this.shown.some((cp) => cp.id === id) ? id : this.shown[0]?.id;
    for (const button of this.host.querySelectorAll('button[tabindex="0"]')) button.setAttribute("tabindex", "-1");
    if (to) this.rows.get(to)?.querySelector("button")?.setAttribute("tabindex", "0");
  }

  /** @param {MouseEvent} event */
  #press(event) {
    const id = /** @type {HTMLElement} */ (event.target).closest("button")?.dataset.cp;
    if (id) this.onChoose(id);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const id = /** @type {HTMLElement} */ (event.target).dataset.cp;
    const at = this.shown.findIndex((cp) => cp.id === id);
    const last = this.shown.length - 1;
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 8, PageUp: at - 8, Home: 0, End: last };
    if (at < 0 || !Object.hasOwn(steps, event.key)) return;
    event.preventDefault();
    const next = this.shown[Math.max(0, Math.min(last, steps[event.key]))];
    this.#rove(next.id);
    this.rows.get(next.id)?.querySelector("button")?.focus();
  }
}
