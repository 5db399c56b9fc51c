/** Pages of a long list by cursor: newest first, "older" and "newer". Remembers the way back. */
import { h, icon, put } from "./dom.js";
import { t } from "./i18n.js";

export class Pager {
  /** @param {(cursor: string | null) => void} go loads the page that begins at a cursor; null is the newest
   * @param {(string | null)[]} way the cursors that led here, changed in place: kept by the caller */
  constructor(go, way = [null]) {
    this.go = go;
    this.way = way;
    this.next = null;
    this.older = h("button", { type: "button", class: "btn ghost" }, t("tab.older"), icon("next"));
    this.newer = h("button", { type: "button", class: "btn ghost" }, icon("prev"), t("tab.newer"));
    this.where = h("span", { class: "pg-where" });
    this.older.addEventListener("click", () => this.next !== null && this.#to([...this.way, this.next]));
    this.newer.addEventListener("click", () => this.way.length > 1 && this.#to(this.way.slice(0, -1)));
    this.element = h("nav", { class: "pager", "aria-label": t("tab.pages") }, this.newer, this.where, this.older);
    this.show(null);
  }

  /** The cursor of the page that is shown. */
  get cursor() {
    return this.way.at(-1);
  }

  /** Whether the newest page is shown. */
  get first() {
    return this.way.length === 1;
  }

  /** Go to the newest page, such as after another filter. */
  reset() {
    this.#to([null]);
  }

  /** Tell where the page that arrived is continued, or null when it was the last one. */
  show(next) {
    this.next = next;
    // aria-disabled keeps the focus where it is when the last page is reached.
    this.older.setAttribute("aria-disabled", String(next === null));
    this.newer.setAttribute("aria-disabled", String(this.first));
    this.element.hidden = this.first && next === null;
    put(this.where, t("tab.page", { n: this.way.length }));
  }

  #to(way) {
    this.way.splice(0, Infinity, ...way);
    this.go(this.cursor);
  }
}
