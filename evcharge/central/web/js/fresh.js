/** Keeps rows still under the pointer and the focus: new rows wait behind a button until the reader is ready. */
import { h, put } from "./dom.js";
import { t } from "./i18n.js";

export class Fresh {
  /** @param {any} table */
  constructor(table) {
    this.table = table;
    this.waiting = [];
    this.element = h("button", { type: "button", class: "btn go fresh", hidden: true, onclick: () => this.#show() });
  }

  /** Take the newest page as it is now. @param {any[]} rows */
  take(rows) {
    const { key } = this.table.options;
    const known = new Set(this.table.rows.map(key));
    const count = known.size ? rows.filter((row) => !known.has(key(row))).length : 0;
    const reading = this.table.element.matches(":hover, :focus-within");
    this.waiting = rows;
    if (!count || !reading) return this.#show();
    const now = new Map(rows.map((row) => [key(row), row]));
    this.table.set(this.table.rows.map((row) => now.get(key(row)) ?? row));
    put(this.element, t("tab.fresh", { count }));
    this.element.hidden = false;
  }

  #show() {
    this.element.hidden = true;
    this.table.set(this.waiting);
  }
}
