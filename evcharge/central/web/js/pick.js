// Which charging points are wanted now: one status, or a few letters of their id, location, driver or session.
import { STATES } from "./states.js";

export class Pick extends EventTarget {
  /** @type {number|null} */ status = null;
  text = "";

  /** Whether anything is left out. */
  get active() {
    return this.status !== null || this.text !== "";
  }

  /** @param {number|null} status a status code; the same one again, or null, shows all */
  only(status) {
    this.status = status === this.status ? null : status;
    this.dispatchEvent(new Event("change"));
  }

  /** @param {string} text */
  search(text) {
    this.text = text.normalize("NFKC").trim().toLowerCase();
    this.dispatchEvent(new Event("change"));
  }

  clear() {
    this.status = null;
    this.search("");
  }

  /** @param {import("./rows.js").Cp} cp */
  match(cp) {
    if (this.status !== null && cp.s !== this.status) return false;
    if (!this.text) return true;
    return [cp.id, cp.location, cp.driver, cp.session, STATES[cp.s]].some((part) => part.toLowerCase().includes(this.text));
  }
}
