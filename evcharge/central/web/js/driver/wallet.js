// What moved in the driver's wallet apart from charges and top-ups, and why: below its charges, when there is any.
import { $, h } from "../dom.js";
import { get } from "../api.js";
import { dateTime, euros } from "../format.js";
import { t } from "../i18n.js";

export class Wallet {
  /** @type {any[]} */ #moved = [];
  #list = h("ol", { class: "moved" });
  #title = h("h3");
  #element = h("div", { class: "moved-money", hidden: true }, this.#title, this.#list);

  constructor() {
    $("#history").append(this.#element);
  }

  /** Load again what may have changed; without an answer, what is shown stays. */
  async refresh() {
    const found = await get("/api/me/wallet").catch(() => null);
    if (!found) return;
    this.#moved = found.moved.filter(({ kind }) => kind !== "TOP_UP");
    this.show();
  }

  /** Show what was loaded, in the language of the moment. */
  show() {
    this.#element.hidden = !this.#moved.length;
    this.#title.textContent = t("driver.moved");
    this.#list.replaceChildren(...this.#moved.map(line));
  }
}

const line = ({ at, kind, cents, reason, session_id: session }) =>
  h("li", null, h("time", { datetime: at }, dateTime(at)), " ", h("span", null, t(`driver.${kind}`)), " ", h("b", null, euros(cents)), " ", h("span", { class: "mute" }, reason ?? session));
