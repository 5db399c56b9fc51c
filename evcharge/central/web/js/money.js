// Money that an operator moves: how much, why, and once.
import { post } from "./api.js";
import { toast } from "./dialogs.js";
import { askForm } from "./form_dialog.js";
import { euros, number } from "./format.js";
import { t } from "./i18n.js";
import { surely } from "./surely.js";

const MOST_EUROS = 100_000;
const WHOLE = { inputmode: "decimal", maxlength: 12 };

/** Put money into the wallet of a driver. @param {string} id */
export async function topUp(id) {
  const done = await askMoney({
    title: t("drivers.top_up_of", { id }), submit: t("drivers.top_up"), path: `/api/drivers/${id}/top-up`,
    amount: { hint: t("drivers.amount_hint"), attrs: { ...WHOLE, required: true, placeholder: "20" } },
  });
  if (done) told(done, t("drivers.topped_up", { id, amount: euros(done.cents), balance: euros(done.balance_cents) }));
}

/** Put money into a wallet or take it out, with a reason. @param {string} id */
export async function correct(id) {
  const done = await askMoney({
    title: t("settling.correct_of", { id }), submit: t("settling.correct"), path: `/api/drivers/${id}/correct`, reason: true,
    amount: { hint: t("settling.correct_hint"), attrs: { ...WHOLE, inputmode: "text", required: true, placeholder: number(-19.8, 2) }, signed: true },
  });
  if (done) told(done, t("settling.corrected", { id, amount: euros(done.cents), balance: euros(done.balance_cents) }));
}

/** Pay out a wallet, also one that a withdrawn driver left. @param {string} id @param {number} [registration] */
export async function payOut(id, registration) {
  const done = await askMoney({
    title: t("settling.pay_out_of", { id }), submit: t("settling.pay_out"), path: `/api/drivers/${id}/pay-out`, reason: true,
    amount: { hint: t("settling.all_hint"), attrs: { ...WHOLE, placeholder: t("settling.all") } },
    more: registration === undefined ? {} : { registration },
  });
  if (done) toast(t("settling.paid_out", { id, amount: euros(-done.cents), balance: euros(done.balance_cents) }));
}

/** Give back what a ticket costs. @param {string} id of the session */
export async function refund(id) {
  const done = await askMoney({
    title: t("settling.refund"), submit: t("settling.refund"), path: `/api/sessions/${encodeURIComponent(id)}/refund`, reason: true,
    amount: { hint: t("settling.all_hint"), attrs: { ...WHOLE, placeholder: t("settling.all") } },
  });
  if (done) told(done, t("settling.refunded", { id: done.driver_id, amount: euros(done.cents) }));
}

/** Say what was done, and what its driver still owes. @param {any} done @param {string} words */
function told({ driver_id: id, owed_cents: owed }, words) {
  toast(owed ? `${words} ${t("settling.still_owes", { id, sum: euros(owed) })}` : words);
}

/**
 * Ask how much and why, and order it once: the reference belongs to the dialog, not to the click.
 * @param {{title: string, submit: string, path: string, amount: any, reason?: boolean, more?: object}} order
 */
function askMoney({ title, submit, path, amount, reason, more }) {
  const { signed, ...field } = amount;
  const fields = [{ name: "amount", label: t("drivers.amount"), ...field }];
  if (reason) fields.push({ name: "reason", label: t("settling.reason"), hint: t("settling.reason_hint"), attrs: { required: true, maxlength: 200 } });
  const reference = aReference();
  const act = (typed) => {
    const body = { ...more, reference };
    if (typed.amount) body.cents = cents(typed.amount, signed);
    if (reason) body.reason = typed.reason;
    return surely(post, path, body);
  };
  return askForm({ title, fields, submit, act });
}

function aReference() {
  const bytes = [...crypto.getRandomValues(new Uint8Array(12))];
  return `web-${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Return what was typed without thousands apart, if they are as the reader writes them: 1.234,50 in German. @param {string} text */
export function ungrouped(text) {
  const apart = number(1000).replace(/\d/g, "").trim();
  const sign = apart ? `[${apart}]` : "\\s";
  const grouped = new RegExp(`^[-−]?\\d{1,3}(${sign}\\d{3})+([.,]\\d{1,2})?$`);
  return grouped.test(text) ? text.replace(new RegExp(sign, "g"), "") : text;
}

/** Return whole cents of what was typed, with a comma or a point. Never through a float. */
function cents(text, signed = false) {
  const found = /^([-−]?)(\d{1,6})(?:[.,](\d{1,2}))?$/.exec(ungrouped(text));
  if (found?.[1] && !signed) throw new Error(t("settling.not_below"));
  const sum = found ? Number(found[2]) * 100 + Number((found[3] ?? "").padEnd(2, "0")) : 0;
  if (sum < 1 || sum > MOST_EUROS * 100) throw new Error(t("drivers.amount_bad"));
  return found[1] ? -sum : sum;
}
