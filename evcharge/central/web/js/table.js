/**
 * A table of rows that may change under the reader's eyes: rows keep their element and their focus (by key), only
 * a row that changed is filled again. It shows by itself that it is loading, empty or could not be loaded.
 *
 * Columns: {id, head, cell(row) → text | Node | array of them, number?, sort?(row) → text | number, wide?}.
 */
import { h, put, set } from "./dom.js";
import { t } from "./i18n.js";
import { Heads } from "./table_heads.js";
import { dayOf, now } from "./zone.js";

// More rows at once than anybody reads, and few enough for a slow PC.
const STEP = 200;

export class Table {
  /**
   * @param {{caption: string, columns: any[], key: (row: any) => string, empty: string, sorted?: [string, number],
   *   onOpen?: (row: any) => void, openName?: (row: any) => string, mark?: (row: any) => string}} options `onOpen`
   *   makes the first cell a button (`openName`: what it opens) and the row clickable; `mark` becomes data-mark
   */
  constructor(options) {
    this.options = options;
    this.rows = [];
    this.kept = new Map();
    /** The day on which the rows were filled: what needed no date then needs one on the next. */ this.day = "";
    this.most = STEP;
    this.heads = new Heads(options.columns, options.sorted ?? null, () => this.#fill());
    this.body = h("tbody", { role: "rowgroup" });
    this.note = h("p", { class: "tb-note", role: "status" });
    this.more = h("button", { type: "button", class: "btn ghost tb-more", hidden: true, onclick: () => this.#showMore() });
    const head = h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, this.heads.cells));
    const table = h("table", { class: "tb", role: "table", "aria-label": options.caption }, head, this.body);
    const scroll = h("div", { class: "tb-scroll", role: "group", tabindex: "0", "aria-label": options.caption }, table);
    this.element = h("div", { class: "tb-box" }, scroll, this.note, this.more);
    if (options.onOpen) this.#open();
    this.busy();
  }

  /** Show that rows are on their way; those that stand there stay. */
  busy() {
    this.#state(this.rows.length ? "again" : "loading", this.rows.length ? "" : t("tab.loading"));
    this.element.setAttribute("aria-busy", "true");
  }

  /** Say in a plain sentence why there are no rows, or no new ones. @param {string} text */
  fail(text) {
    this.#state("error", text);
  }

  /** Say that the rows that are shown are still right. */
  still() {
    this.#state(this.rows.length ? "ready" : "empty", this.rows.length ? "" : this.options.empty);
    if (this.day !== dayOf(now())) this.#fill();
  }

  /** Show these rows. @param {any[]} rows */
  set(rows) {
    this.rows = rows;
    this.still();
    this.#fill();
  }

  #state(state, text) {
    this.element.dataset.state = state;
    this.element.setAttribute("aria-busy", "false");
    put(this.note, text);
  }

  #showMore() {
    const next = this.body.children.length;
    this.most += STEP;
    this.#fill();
    this.body.children[next]?.querySelector("button")?.focus();
  }

  #fill() {
    this.day = dayOf(now());
    const rows = this.heads.order(this.rows).slice(0, this.most);
    const elements = rows.map((row) => this.#row(this.options.key(row), row));
    const shown = new Set(elements);
    for (const [key, { element }] of this.kept) if (!shown.has(element)) this.kept.delete(key);
    for (const element of [...this.body.children]) if (!shown.has(element)) element.remove();
    elements.forEach((element, i) => {
      if (this.body.children[i] !== element) this.body.insertBefore(element, this.body.children[i] ?? null);
    });
    const left = this.rows.length - rows.length;
    this.more.hidden = left <= 0;
    put(this.more, t("tab.more", { count: Math.min(left, STEP), all: this.rows.length }));
  }

  #row(key, row) {
    const text = this.day + JSON.stringify(row);
    let kept = this.kept.get(key);
    if (!kept) {
      const cells = this.options.columns.map((column, i) => this.#cell(column, i));
      kept = { text: "", cells, element: h("tr", { role: "row", "data-key": key }, cells) };
      this.kept.set(key, kept);
    }
    kept.row = row;
    if (kept.text !== text) this.#refill(kept, text);
    return kept.element;
  }

  #refill(kept, text) {
    const active = /** @type {HTMLElement|null} */ (document.activeElement);
    const focus = active && kept.element.contains(active) ? active.dataset.act : null;
    kept.text = text;
    kept.element.dataset.mark = this.options.mark?.(kept.row) ?? "";
    this.options.columns.forEach((column, i) => {
      const content = [column.cell(kept.row)].flat();
      const host = kept.cells[i].querySelector(".tb-open") ?? kept.cells[i].firstChild;
      if (content.some((one) => one instanceof Node)) host.replaceChildren(...content);
      else put(host, content.join(""));
      if (i === 0 && this.options.openName) set(host, "aria-label", `${host.textContent}, ${this.options.openName(kept.row)}`);
    });
    if (focus) kept.element.querySelector(`[data-act="${CSS.escape(focus)}"]`)?.focus();
  }

  #cell(column, i) {
    const kind = [column.number && "n", column.wide && "wide"].filter(Boolean).join(" ");
    const host = h("div", { class: "tb-cell" });
    if (i === 0 && this.options.onOpen) host.append(h("button", { type: "button", class: "tb-open", "data-act": "open" }));
    const facts = { class: kind || null, "data-h": column.head, "data-id": column.id };
    return i === 0 ? h("th", { role: "rowheader", scope: "row", ...facts }, host) : h("td", { role: "cell", ...facts }, host);
  }

  /** A click anywhere in a row opens it; Up and Down walk from row to row. */
  #open() {
    this.element.classList.add("opens");
    this.body.addEventListener("click", ({ target }) => {
      const inner = target.closest("button, a, input");
      const row = target.closest("tr");
      if (row && (!inner || inner.classList.contains("tb-open"))) this.options.onOpen(this.kept.get(row.dataset.key).row);
    });
    this.body.addEventListener("keydown", (event) => {
      const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
      const next = step && event.target.closest("tr")?.[step]?.querySelector(".tb-open");
      if (!next) return;
      event.preventDefault();
      next.focus();
    });
  }
}
