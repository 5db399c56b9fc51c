// The tabs of the page, by the address' #name. A tab's module is loaded when it is first opened.
import { filtersOf } from "./address.js";
import { $$, h, sheets } from "./dom.js";
import { t, use } from "./i18n.js";

/** What the tabs need and the wall does not. */
const SHEETS = ["tables", "charts", "pages"];
const WORDS = ["codes", "tabs", "audit", "audit_params", "drivers", "people", "registration", "settling"];

export class Router {
  /** @type {(() => void)|null} */ #unmount = null;
  #turn = 0;
  current = "";

  /**
   * @param {HTMLElement} home the first tab, which is always there @param {HTMLElement} root where the others are mounted
   * @param {import("./store.js").Store} store @param {Record<string, () => Promise<any>>} tabs name → import of its module
   * @param {(name: string) => void} onChange
   */
  constructor(home, root, store, tabs, onChange) {
    this.home = home;
    this.store = store;
    this.tabs = tabs;
    this.onChange = onChange;
    // Each tab has its own element of that id, so that the links of the navigation lead somewhere.
    this.roots = Object.fromEntries(Object.keys(tabs).map((name) => [name, h("div", { id: name, hidden: true })]));
    root.replaceChildren(...Object.values(this.roots));
    this.first = home.dataset.tab;
    addEventListener("hashchange", (event) => this.go(event));
  }

  /** Show the tab that the address names; with other filters, anew. @param {HashChangeEvent} [event] */
  async go(event) {
    const wanted = location.hash.slice(1).split("?")[0];
    const name = Object.hasOwn(this.tabs, wanted) ? wanted : this.first;
    const filtered = name !== this.first && event && filtersOf(event.oldURL) !== filtersOf(event.newURL);
    if (name === this.current && !filtered) return;
    const turn = ++this.#turn;
    const again = this.current !== "";
    const from = document.activeElement;
    this.current = name;
    this.#unmount?.();
    this.#unmount = null;
    this.home.hidden = name !== this.first;
    for (const [tab, root] of Object.entries(this.roots)) {
      root.hidden = tab !== name;
      root.replaceChildren();
    }
    for (const link of $$(".nav a[href^='#']")) {
      if (link.getAttribute("href") === `#${name}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    this.onChange(name);
    if (name !== this.first) await this.#mount(name, turn);
    // Before its next picture a browser takes the focus away, because the address names another element.
    if (again) requestAnimationFrame(() => turn === this.#turn && this.#focus(from));
  }

  /** Lead to what is shown now, unless somebody has begun to type elsewhere. @param {Element|null} from */
  #focus(from) {
    const at = document.activeElement;
    // Whoever is quicker than the browser's news of the address types already: nothing else leads here from a field.
    const field = from instanceof HTMLInputElement && from.isConnected ? from : null;
    if (at && at !== document.body && (at !== from || field)) return;
    (field ?? this.home.parentElement).focus({ preventScroll: true });
  }

  /** @param {string} name @param {number} turn */
  async #mount(name, turn) {
    try {
      const [module] = await Promise.all([this.tabs[name](), sheets(...SHEETS), use(...WORDS)]);
      // Somebody may have gone on while it was loading.
      if (turn === this.#turn) this.#unmount = module.mount(this.roots[name], this.store);
    } catch (error) {
      console.warn(`tab ${name}:`, error);
      if (turn !== this.#turn) return;
      this.current = "failed";
      this.roots[name].replaceChildren(h("p", { class: "panel", role: "alert", "data-t": "tab.failed" }, t("tab.failed")));
    }
  }
}
