// What a driver wishes of charging points: favourites, which stand first; how prices compare; and to be told when one is
// free. Kept in this browser.
import { $, h, icon, part, put } from "../dom.js";
import { price } from "../format.js";
import { t } from "../i18n.js";
import { plain } from "../location.js";
import { toast } from "../notes.js";

const LIKED = "evcharge.favourites";
const WAITED = "evcharge.waited";
const MOST = 12;

/** @typedef {import("../rows.js").Cp} Cp */

/** @param {string} key */
const kept = (key) => new Set((localStorage.getItem(key) ?? "").split(",").filter(Boolean));

const notifies = () => globalThis.isSecureContext && "Notification" in globalThis;

export class Wishes {
  #liked = kept(LIKED);
  #waited = kept(WAITED);

  /** @param {import("./points.js").Points} points */
  constructor(points) {
    this.points = points;
    this.list = h("ul", { class: "taken", id: "taken" });
    $("#free").after(this.list);
    $("#free").addEventListener("click", (event) => {
      const like = /** @type {HTMLElement} */ (event.target).closest("button")?.dataset.like;
      if (like) this.#turn(this.#liked, LIKED, like);
    });
    this.list.addEventListener("click", (event) => {
      const cp = /** @type {HTMLElement} */ (event.target).closest("button")?.dataset.wait;
      if (!cp) return;
      if (!this.#waited.has(cp) && notifies()) Notification.requestPermission();
      this.#turn(this.#waited, WAITED, cp);
    });
    points.fill();
  }

  /** @param {Set<string>} set @param {string} key @param {string} cp */
  #turn(set, key, cp) {
    if (!set.delete(cp)) set.add(cp);
    localStorage.setItem(key, [...set].join());
    this.points.fill();
  }

  /** Favourites come first. @param {Cp} a @param {Cp} b */
  first(a, b) {
    return Number(this.#liked.has(b.id)) - Number(this.#liked.has(a.id));
  }

  /** Mark the row of a free point: whether it is a favourite, and how its price compares. @param {HTMLElement} row @param {Cp} cp */
  mark(row, cp) {
    if (!row.querySelector(".like")) {
      row.querySelector("b").after(h("button", { type: "button", class: "like", "data-like": cp.id }, icon("star")));
      row.querySelector("em").append(h("small"));
    }
    const star = row.querySelector(".like");
    star.setAttribute("aria-pressed", String(this.#liked.has(cp.id)));
    star.setAttribute("aria-label", t("driver.like", { cp: cp.id }));
    const prices = this.points.points.map((one) => one.price);
    const least = Math.min(...prices);
    const words = cp.price === least ? t("driver.cheapest") : t("driver.dearer", { price: price(cp.price - least) });
    put(row.querySelector("em small"), least === Math.max(...prices) ? "" : words);
  }

  /** Show those that are not free, and are looked for or waited for; tell of those that are free now, once. */
  show() {
    const free = new Set(this.points.points.map(({ id }) => id));
    for (const cp of [...this.#waited].filter((id) => free.has(id))) {
      this.#waited.delete(cp);
      localStorage.setItem(WAITED, [...this.#waited].join());
      this.#tell(t("driver.free_now", { cp }));
    }
    const wanted = plain(this.points.filter.value.trim());
    const found = this.points.all.filter(({ id }) => !free.has(id) && (this.#waited.has(id) || (wanted && plain(id).includes(wanted)))).slice(0, MOST);
    const now = found.map(({ id }) => `${id} ${this.#waited.has(id)}`).join() + document.documentElement.lang;
    if (this.list.dataset.now === now) return;
    this.list.dataset.now = now;
    this.list.replaceChildren(...found.map(({ id }) => this.#line(id)));
  }

  /** @param {string} id */
  #line(id) {
    const waits = this.#waited.has(id);
    return h("li", null, h("span", null, t("driver.taken", { cp: id })),
      h("button", { type: "button", class: "btn ghost", "data-wait": id, "aria-pressed": String(waits) }, icon("bell"), t(waits ? "driver.told_when_free" : "driver.tell_when_free")));
  }

  /** @param {string} text */
  #tell(text) {
    toast(text);
    if (!document.hidden || !notifies() || Notification.permission !== "granted") return;
    const note = new Notification("evcharge", { body: text, icon: part("icon.svg"), tag: "free" });
    note.onclick = () => (focus(), note.close());
  }
}
