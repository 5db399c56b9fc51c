// The driver's latest charges, a page at a time; a click shows the ticket.
import { $, h, icon, put } from "../dom.js";
import { get, query } from "../api.js";
import { dateTime, euros, kwh } from "../format.js";
import { t } from "../i18n.js";
import { openReceipt } from "./tickets.js";
import { why } from "./until.js";

const PAGE = 8;

export class History {
  /** Cursors of the pages until the one that is shown; null is the newest. @type {(string|null)[]} */ #way = [null];
  /** Those until the one that was asked for. */ #asked = this.#way;
  /** @type {string|null} */ #next = null;
  /** @type {any[]|null} */ #sessions = null;
  #turn = 0;
  #why = "";

  constructor() {
    $("#older").addEventListener("click", () => this.#next !== null && this.#go([...this.#way, this.#next]));
    $("#statement").addEventListener("click", async () => (await import("../paper.js")).openStatement("/api/me/statement", $("#driver-id").textContent));
    $("#newer").addEventListener("click", () => this.#way.length > 1 && this.#go(this.#way.slice(0, -1)));
  }

  /** Load again what may have changed: the newest page only. */
  refresh() {
    if (this.#asked.length === 1) this.#go(this.#asked);
  }

  /** @param {(string|null)[]} way */
  async #go(way) {
    const turn = ++this.#turn;
    this.#asked = way;
    $("#history").setAttribute("aria-busy", "true");
    try {
      const found = await get(query("/api/me/sessions", { limit: PAGE, before: way.at(-1) }));
      if (turn !== this.#turn) return;
      [this.#way, this.#sessions, this.#next, this.#why] = [way, found.sessions, found.next ?? null, ""];
    } catch (error) {
      if (error.name !== "ApiError") throw error;
      if (turn !== this.#turn) return;
      [this.#asked, this.#why] = [this.#way, error.text];
    }
    $("#history").setAttribute("aria-busy", "false");
    this.show();
  }

  /** Show what was loaded, in the language of the moment. */
  show() {
    const sessions = this.#sessions;
    const note = this.#why || (sessions === null ? t("driver.loading") : sessions.length ? "" : t("driver.no_history"));
    put($("#past-note"), note);
    $("#past").replaceChildren(...(sessions ?? []).map(row));
    const [first, last] = [this.#way.length === 1, this.#next === null];
    $("#pages").hidden = first && last;
    // aria-disabled keeps the focus where it is.
    $("#newer").setAttribute("aria-disabled", String(first));
    $("#older").setAttribute("aria-disabled", String(last));
    put($("#page-number"), t("driver.page_number", { page: this.#way.length }));
  }
}

/** @param {any} session */
function row(session) {
  const { state, cp_id, authorised_at: at, end_reason } = session;
  const ticketed = state === "TICKETED";
  const reason = end_reason ? why(end_reason) : "";
  const words = ticketed ? `${kwh(session.energy_mwh)} · ${reason}` : t(state === "REFUSED" ? "driver.refused_past" : "driver.running_past", { reason });
  const content = [
    h("span", { class: "past-icon", "data-kind": state }, icon(ticketed ? "ticket" : state === "REFUSED" ? "unavailable" : "charging")),
    h("span", { class: "past-what" }, h("b", null, cp_id), h("small", null, words)),
    h("time", { datetime: at }, dateTime(at)),
    h("b", { class: "past-sum" }, ticketed ? euros(session.cost_cents) : "–"),
  ];
  const open = () => openReceipt({ ...session, reason: end_reason ?? "other" });
  return h("li", null, ticketed ? h("button", { type: "button", onclick: open }, content) : h("div", null, content));
}
