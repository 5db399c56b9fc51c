// The small note beside the pointer or the cursor of a mosaic.
import { $, h, put } from "./dom.js";
import { statusWord, why } from "./cp_words.js";
import { euros, kw } from "./format.js";
import { CHARGING, STATES } from "./states.js";

export class Tip {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.parts = [h("b"), h("span"), h("small")];
    this.el = $("#tip") ?? document.body.appendChild(h("div", { id: "tip", class: "tip", hidden: true, "aria-hidden": "true" }));
  }

  hide() {
    this.el.hidden = true;
  }

  /** Show charging point `i` (null: nothing) beside a place of the window. @param {number|null} i @param {number} x @param {number} y */
  at(i, x, y) {
    const cp = i === null ? null : this.store.cps[i];
    this.el.hidden = !cp;
    if (!cp) return;
    const [id, status, more] = this.parts;
    put(id, cp.id);
    put(status, statusWord(cp.s));
    const facts = cp.s === CHARGING ? [kw(cp.power), euros(cp.cost), cp.driver] : [cp.where, why(cp, this.store.shown())];
    put(more, facts.filter(Boolean).join(" · "));
    if (this.el.firstChild !== id) this.el.replaceChildren(...this.parts);
    this.el.dataset.s = STATES[cp.s];
    const box = this.el.getBoundingClientRect();
    this.el.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - box.width - 8))}px`;
    this.el.style.top = `${y + 14 + box.height > innerHeight - 8 ? y - box.height - 10 : y + 14}px`;
  }
}
