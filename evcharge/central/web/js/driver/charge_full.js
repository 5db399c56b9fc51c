// One of the driver's charges in full, under its receipt: its curve, its money line by line, and a way to paper.
import { get } from "../api.js";
import { curve } from "../curve.js";
import { h, sheets } from "../dom.js";
import { t } from "../i18n.js";
import { bill, printReceipt, ready } from "../paper.js";

/** Fill `box` with what Central tells of a charge. @param {HTMLElement} box @param {string} session */
export async function full(box, session) {
  try {
    const [found] = await Promise.all([get(`/api/me/sessions/${encodeURIComponent(session)}`), ready(), sheets("charts")]);
    const chart = curve(found.session, found.course);
    box.append(...[
      chart && h("h3", null, t("curve.title")), chart, found.receipt && bill(found.receipt),
      found.receipt && h("button", { type: "button", class: "btn ghost", onclick: () => printReceipt(found) }, t("paper.print_receipt")),
    ].filter(Boolean));
  } catch (error) {
    if (error.name !== "ApiError") throw error;
    box.append(h("p", { class: "mute", role: "status" }, error.text));
  }
}
