// The chips: legend, counter and filter in one.
import { h, icon, put, set } from "./dom.js";
import { number } from "./format.js";
import { t, words } from "./i18n.js";
import { BY_URGENCY, STATES, STATUSES } from "./states.js";

export class Legend {
  /** @param {HTMLElement} root @param {import("./store.js").Store} store @param {import("./pick.js").Pick} pick */
  constructor(root, store, pick) {
    this.store = store;
    this.pick = pick;
    this.counts = [null, ...BY_URGENCY].map(() => h("b"));
    this.chips = [null, ...BY_URGENCY].map((s, k) =>
      h("button", {
        type: "button", class: "chip", "data-s": s === null ? null : STATES[s], "data-filter": s === null ? "all" : STATES[s],
        onclick: () => (s === null ? pick.clear() : pick.only(s)),
      }, s !== null && icon(STATES[s]), words("span", s === null ? "filter.all" : `status.${STATUSES[s]}`), this.counts[k]));
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", t("filter.name"));
    root.dataset.tLabel = "filter.name";
    root.replaceChildren(...this.chips);
    pick.addEventListener("change", () => this.update());
  }

  update() {
    const by = STATES.map(() => 0);
    for (const cp of this.store.cps) if (cp) by[cp.s]++;
    [null, ...BY_URGENCY].forEach((s, k) => {
      put(this.counts[k], number(s === null ? this.store.cps.length : by[s]));
      set(this.chips[k], "aria-pressed", String(s === null ? !this.pick.active : this.pick.status === s));
    });
  }
}
