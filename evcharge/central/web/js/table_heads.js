/** The headings of a table, and the order that they put the rows in. */
import { h, icon } from "./dom.js";
import { t } from "./i18n.js";

export class Heads {
  /** @param {any[]} columns @param {[string, number] | null} sorted id of a column, and 1 or -1 @param {() => void} changed */
  constructor(columns, sorted, changed) {
    this.columns = columns;
    this.sorted = sorted;
    this.changed = changed;
    this.cells = columns.map((column) => this.#cell(column));
  }

  /** Return the rows in the order of the heading that was pressed last. */
  order(rows) {
    if (!this.sorted) return rows;
    const [id, direction] = this.sorted;
    const { sort } = this.columns.find((column) => column.id === id);
    const compare = (a, b) => (typeof a === "string" ? COLLATOR.compare(a, b) : a - b);
    return [...rows].sort((a, b) => direction * compare(sort(a), sort(b)));
  }

  #cell(column) {
    const facts = { role: "columnheader", scope: "col", class: column.number ? "n" : null };
    if (!column.sort) return h("th", facts, column.head || h("span", { class: "sr-only" }, t("tab.actions")));
    const button = h("button", { type: "button", class: "tb-sort", onclick: () => this.#press(column) }, column.head, icon("up"));
    return h("th", { ...facts, "aria-sort": this.#direction(column.id) }, button);
  }

  #press({ id, number }) {
    // Numbers are looked for from the biggest, words from the first.
    const direction = this.sorted?.[0] === id ? -this.sorted[1] : number ? -1 : 1;
    this.sorted = /** @type {[string, number]} */ ([id, direction]);
    this.columns.forEach((one, i) => one.sort && this.cells[i].setAttribute("aria-sort", this.#direction(one.id)));
    this.changed();
  }

  #direction(id) {
    if (this.sorted?.[0] !== id) return "none";
    return this.sorted[1] > 0 ? "ascending" : "descending";
  }
}

const COLLATOR = new Intl.Collator(undefined, { numeric: true });
