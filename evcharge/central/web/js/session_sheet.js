// One session in full, in a sheet at the side: what it used, its ticket, and everything that happened to it.
import { named } from "./address.js";
import { get } from "./api.js";
import { h, put } from "./dom.js";
import { asCorrected, corrected, lasted } from "./charges.js";
import { clock, dateTime, euros, kwh, price, when } from "./format.js";
import { t, term } from "./i18n.js";
import { curve, marked } from "./curve.js";
import { bill as lines, printReceipt, ready } from "./paper.js";
import { orders } from "./session_orders.js";
import { sheet } from "./sheet.js";
import { parameters, what } from "./audit_words.js";
import { stateChip } from "./tab.js";

/** Open the sheet of a session. @param {string} id */
export async function openSession(id) {
  const note = h("p", { class: "tb-note", role: "status" }, t("tab.loading"));
  const body = h("div", { class: "sheet-body" }, note);
  named(sheet(t("session.title", { id }), body), "session", id);
  const show = async () => {
    try {
      await ready();
      const found = await get(`/api/sessions/${encodeURIComponent(id)}`);
      const all = [...found.events, ...found.meanwhile].sort((one, other) => one.n - other.n);
      const marks = found.session.started_at ? marked(all.filter(({ at }) => at >= found.session.started_at)) : new Map();
      const parts = [facts(found.session), course(found, marks), orders(found, show), bill(found), story(all, marks, found.causes)];
      body.replaceChildren(...parts.filter(Boolean));
    } catch (error) {
      if (error.name !== "ApiError") throw error;
      body.replaceChildren(note);
      put(note, error.text);
    }
  };
  await show();
}

function facts(s) {
  const reason = s.end_reason ?? s.stop_reason;
  return list([
    [t("history.state"), [stateChip(s.state, t(`session.${s.state}`)), s.rebuilt && stateChip("rebuilt", t("history.rebuilt"))]],
    [t("history.cp"), s.cp_id],
    [t("history.driver"), s.driver_id],
    [t("history.price"), priced(s)],
    [t("history.authorised"), dateTime(s.authorised_at)],
    [t("history.started"), s.started_at ? when(s.started_at) : "–"],
    [t("history.ended"), s.ended_at ? when(s.ended_at) : "–"],
    [t("history.duration"), lasted(s)],
    [t("history.energy"), kwh(s.energy_mwh)],
    [t("history.cost"), euros(s.cost_cents)],
    [t("history.held"), euros(s.hold_cents)],
    [t("history.owed"), s.owed_cents ? stateChip("owed", euros(s.owed_cents), t("settling.owed_hint")) : "–"],
    [t("history.limit"), kwh(s.limit_mwh)],
    [t("history.ended_by"), reason ? term("reason", reason) : "–"],
    [t("history.request"), s.request_id],
  ]);
}

function course({ session, course: readings }, marks) {
  const chart = curve(session, readings, marks);
  return chart && part(t("curve.title"), chart);
}

function bill(found) {
  const { ticket, receipt } = found;
  if (!ticket) return part(t("history.ticket"), h("p", { class: "mute" }, t("history.no_ticket")));
  const { energy, sum } = asCorrected(ticket);
  const rows = [
    h("p", { class: "ticket-sum" }, h("b", null, euros(sum)), h("span", null, kwh(energy))),
    receipt && lines(receipt),
    ticket.rebuilt && h("p", { class: "ticket-note" }, t("history.rebuilt_hint")),
    ticket.estimated && h("p", { class: "ticket-note" }, t("history.estimated")),
    corrected(ticket) && h("p", { class: "ticket-note" }, t("history.corrected", { energy: kwh(ticket.energy_mwh), sum: euros(ticket.cost_cents) })),
    ticket.late && h("p", { class: "ticket-note" }, t("history.late", { at: dateTime(ticket.received_at) })),
  ];
  const paper = receipt && h("button", { type: "button", class: "btn ghost", "data-act": "print", onclick: () => printReceipt(found) }, t("paper.print_receipt"));
  return part(t("history.ticket"), [h("div", { class: "ticket" }, rows), paper && h("div", { class: "sheet-print" }, paper)]);
}

function story(events, marks, causes) {
  const rows = events.map((event) => {
    const more = parameters(event, causes);
    const text = h("div", null, h("b", null, marks.has(event) && h("span", { class: "mark-number" }, marks.get(event)), what(event)), more && h("small", null, more));
    return h("li", null, h("time", { datetime: event.at }, clock(event.at)), text);
  });
  const none = h("p", { class: "mute" }, t("history.no_events"));
  return part(t("history.events"), rows.length ? h("ol", { class: "story" }, rows) : none);
}

// The API writes prices as text, "0.25", so that they stay exact.
const priced = (row) => price(Math.round(Number(row.price) * 1e4));

const part = (title, content) => h("section", { class: "sheet-part" }, h("h3", null, title), content);

/** Pairs of name and value. */
export function list(pairs) {
  const pair = ([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value));
  return h("dl", { class: "facts" }, pairs.map(pair));
}
