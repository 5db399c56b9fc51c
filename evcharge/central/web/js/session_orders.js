// What an operator may do with one session: end it, close it when its engine is lost, give back what it cost.
import { may } from "./account.js";
import { post } from "./api.js";
import { asCorrected } from "./charges.js";
import { confirm, problem, toast } from "./dialogs.js";
import { h } from "./dom.js";
import { euros } from "./format.js";
import { t } from "./i18n.js";
import { refund } from "./money.js";

/** The part of the sheet with the orders that make sense now, or null. @param {any} found @param {() => void} again */
export function orders(found, again) {
  if (!may("operator")) return null;
  if (found.lost) return lost(found, again);
  if (!found.session.ended_at) return running(found.session, again);
  return found.ticket && asCorrected(found.ticket).sum > 0 ? billed(found.session.session_id, again) : null;
}

function running({ session_id: session, cp_id: id, driver_id: driver }, again) {
  const end = h("button", { type: "button", class: "btn warn", "data-act": "end" }, t("settling.end"));
  end.addEventListener("click", () => import("./end_charge.js").then((order) => order.endCharge({ session, id, driver })).then(again));
  return h("section", { class: "sheet-part" }, h("div", { class: "sheet-orders" }, end));
}

function billed(id, again) {
  const back = h("button", { type: "button", class: "btn ghost", "data-act": "refund" }, t("settling.refund"));
  back.addEventListener("click", () => refund(id).then(again));
  return h("section", { class: "sheet-part" }, h("div", { class: "sheet-orders" }, back));
}

function lost(found, again) {
  const close = h("button", { type: "button", class: "btn warn", "data-act": "close-lost" }, t("settling.close_lost"));
  close.addEventListener("click", () => closeLost(found.session, again));
  const hint = h("p", { class: "tab-note", "data-kind": "warn" }, t("settling.lost_hint", { cp: found.session.cp_id }));
  return h("section", { class: "sheet-part" }, hint, h("div", { class: "sheet-orders" }, close));
}

async function closeLost(session, again) {
  const { session_id: id, cp_id: cp } = session;
  const question = t("settling.close_lost_sure");
  const asked = { title: t("settling.close_lost"), ok: t("settling.close_lost"), detail: t("settling.close_lost_later", { cp }) };
  if (!(await confirm(question, asked))) return;
  try {
    const { ticket } = await post(`/api/sessions/${encodeURIComponent(id)}/close-lost`);
    toast(ticket ? t("settling.lost_billed", { sum: euros(ticket.cost_cents) }) : t("settling.lost_given_back"));
  } catch (error) {
    problem(error);
  }
  again();
}
