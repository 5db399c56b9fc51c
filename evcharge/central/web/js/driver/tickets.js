// Tickets as small receipts. Those that the driver has not seen stay until it says so.
import { $, h, icon, put } from "../dom.js";
import { post } from "../api.js";
import { problem } from "../notes.js";
import { asCorrected, corrected, lasted } from "../charges.js";
import { dateTime, euros, kwh, price, time, today, unix } from "../format.js";
import { t } from "../i18n.js";
import { why } from "./until.js";

/**
 * Return a receipt. `ticket` is a row of /api/me/tickets, or an ended session with `reason`.
 * @param {any} ticket @param {{fresh?: boolean, away?: boolean, onSeen?: () => void}} [options]
 */
export function receipt(ticket, { fresh, away, onSeen } = {}) {
  const { started_at: from, ended_at: until } = ticket;
  const { energy, sum } = asCorrected(ticket);
  const facts = [
    [t("driver.price"), price(Math.round(Number(ticket.price) * 1e4))],
    [t("driver.time"), lasted(ticket)],
    [t("driver.from_to"), `${from ? dateTime(from) : "–"} – ${(today(until, unix(from ?? until)) ? time : dateTime)(until)}`],
    [t("driver.why"), why(ticket.reason)],
    [t("driver.session"), h("code", null, ticket.session_id)],
  ];
  return h("article", { class: "receipt", "data-session": ticket.session_id, "aria-label": t("driver.receipt", { cp: ticket.cp_id }) },
    h("header", null, h("b", null, ticket.cp_id), h("time", { datetime: until }, dateTime(until)), fresh && h("span", { class: "new" }, t("driver.new"))),
    h("p", { class: "sum" }, h("b", null, euros(sum)), h("span", null, kwh(energy))),
    away && h("p", { class: "away" }, icon("clock"), t("driver.away")),
    ticket.by_operator && h("p", { class: "away" }, icon("info"), t("driver.by_operator")),
    ticket.estimated && h("p", { class: "away" }, icon("info"), t("driver.estimated")),
    corrected(ticket) && h("p", { class: "away" }, icon("info"), t("driver.corrected", { energy: kwh(ticket.energy_mwh), sum: euros(ticket.cost_cents) })),
    ticket.late && h("p", { class: "away" }, icon("info"), t("driver.late", { at: dateTime(ticket.received_at) })),
    h("dl", null, facts.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value)))),
    onSeen && h("button", { type: "button", class: "btn ghost seen", onclick: onSeen }, icon("check"), t("driver.seen")),
  );
}

/** Show one receipt in a dialog. @param {any} ticket */
export async function openReceipt(ticket) {
  const { ask } = await import("../dialogs.js");
  const more = h("div", { class: "receipt-full" });
  ask({ title: t("driver.receipt", { cp: ticket.cp_id }), content: [receipt(ticket), more] });
  const { full } = await import("./charge_full.js");
  await full(more, ticket.session_id);
}

/** The card of the tickets that are not seen yet. */
export class Tickets {
  /** Sessions whose tickets waited when the page was opened. @type {Set<string>|null} */ #waited = null;
  #shown = "";
  #rows = new Map();

  /** @param {{onSeen: (session: string) => void}} hooks */
  constructor({ onSeen }) {
    this.onSeen = onSeen;
  }

  /** @param {any[]} tickets unseen ones, oldest first @param {string} own the session this page follows @param {boolean} again in another language */
  show(tickets, own, again = false) {
    this.#waited ??= new Set(tickets.map(({ session_id }) => session_id).filter((id) => id !== own));
    const now = tickets.map(({ session_id }) => session_id).join();
    if (now === this.#shown && !again) return;
    this.#shown = now;
    if (again) this.#rows.clear();
    const rows = tickets.map((ticket) => this.#row(ticket)).reverse();
    const box = $("#receipts");
    const had = box.contains(document.activeElement);
    box.replaceChildren(...rows);
    put($("#tickets-count"), tickets.length);
    $("#tickets-card").hidden = tickets.length === 0;
    if (had) /** @type {HTMLElement} */ (box.querySelector(".seen") ?? $("#filter")).focus();
  }

  /** @param {any} ticket */
  #row(ticket) {
    const { session_id } = ticket;
    if (!this.#rows.has(session_id)) {
      const away = this.#waited?.has(session_id);
      this.#rows.set(session_id, receipt(ticket, { fresh: true, away, onSeen: () => this.onSeen(session_id) }));
    }
    return this.#rows.get(session_id);
  }
}

/** Tell Central that a ticket was seen; the next frame takes it away. @param {string} session */
export async function markSeen(session) {
  try {
    await post(`/api/me/tickets/${encodeURIComponent(session)}/seen`);
  } catch (error) {
    problem(error);
  }
}
