// A charge on paper: its money line by line, its receipt, and the statement of a month.
import { get, query } from "./api.js";
import { lasted } from "./charges.js";
import { ask } from "./dialogs.js";
import { h, sheets } from "./dom.js";
import { dateTime, day, kwh, money, number, percent, sign } from "./format.js";
import { locale, t, term, use } from "./i18n.js";
import { problem } from "./notes.js";
import { onPaper } from "./printing.js";
import { dayOf, moneyFormat, now } from "./zone.js";

/** Load what the functions below need. */
export const ready = () => Promise.all([use("paper"), sheets("paper")]);

/** Signs that several currencies have: paper, which leaves the network, says which one it is. */
const SHARED = /^(\$|kr\.?)$/;
const sum = (cents, decimals = 2) => (SHARED.test(sign()) ? moneyFormat(locale(), decimals, "code").format(cents / 100) : money(cents / 100, decimals));
const priced = (text) => `${sum(text * 100, text.split(".")[1].length)}/kWh`;
const cell = (value, attrs) => h("td", attrs, value);
const SUM = { class: "n" };

/** Return the money of a charge, line by line. @param {any} receipt */
export function bill(receipt) {
  const rows = receipt.lines.map((line) => h("tr", null,
    cell([concept(line), line.reason && h("small", null, line.reason), line.at && h("small", null, span(line))]),
    cell(line.energy_mwh ? kwh(line.energy_mwh) : "", SUM), cell(sum(line.cents), SUM)));
  return h("table", { class: "bill" },
    h("thead", { class: "sr-only" }, h("tr", null, ["what", "energy", "amount"].map((name) => h("th", { scope: "col" }, t(`paper.${name}`))))),
    h("tbody", null, rows), h("tfoot", null, totals(receipt)));
}

const concept = ({ kind, price: at }) => (kind === "energy" ? t("paper.energy_at", { price: priced(at) }) : t(`paper.${kind}`));
const span = ({ at, until }) => (until ? `${dateTime(at)} – ${dateTime(until)}` : dateTime(at));

function totals({ total_cents, energy_mwh, vat }) {
  const rows = [h("tr", null, h("th", { scope: "row" }, t("paper.total")), cell(kwh(energy_mwh), SUM), cell(h("b", null, sum(total_cents)), SUM))];
  const rates = [vat ?? []].flat();
  const line = (what, cents) => rows.push(h("tr", null, h("th", { scope: "row" }, what), cell(""), cell(sum(cents), SUM)));
  for (const rate of rates) {
    const share = percent(rate.percent / 100);
    line([t("paper.vat", { share }), rates.length > 1 && h("small", null, t("paper.vat_in", { sum: sum(rate.total_cents) }))], rate.cents);
  }
  const all = (name) => rates.reduce((cents, rate) => cents + rate[name], 0);
  // A month may have tickets whose rate no release kept: what they contain is not said.
  const unknown = total_cents - all("total_cents");
  if (rates.length) line(t(unknown ? "paper.vat_unknown" : "paper.net"), unknown || total_cents - all("cents"));
  return rows;
}

const issuer = ({ operator, tax_id, address }) =>
  h("p", { class: "issuer" }, operator && h("b", null, operator), tax_id && h("span", null, tax_id), address && h("span", null, address));

/** Print the receipt of a charge. @param {any} found a session with its receipt, as the API tells it */
export async function printReceipt({ session, ticket, receipt }) {
  await ready();
  const facts = [
    [t("paper.number"), String(receipt.number).padStart(6, "0")],
    [t("paper.issued"), day(receipt.issued_at)],
    [t("paper.driver"), session.driver_id],
    [t("paper.point"), [session.cp_id, receipt.location].filter(Boolean).join(", ")],
    [t("paper.when"), span({ at: ticket.started_at, until: ticket.ended_at })],
    [t("paper.lasted"), lasted(ticket)],
    [t("paper.session"), session.session_id],
  ];
  onPaper(h("article", { class: "paper" }, issuer(receipt), h("h1", null, t("paper.receipt")),
    h("dl", null, facts.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value)))),
    bill(receipt), ticket.estimated && h("p", null, t("paper.estimated"))));
}

/** Show the statement of a month, and print it. @param {string} path of the API @param {string} id of the driver */
export async function openStatement(path, id) {
  await ready();
  const body = h("div", { class: "statement", role: "region", tabindex: "0", "aria-label": t("paper.statement_of", { id }), "aria-live": "polite" }, h("p", { class: "mute" }, t("tab.loading")));
  // The network's months, whatever this device's clock and zone say.
  const [year, month] = dayOf(now()).split("-").map(Number);
  const months = Array.from({ length: 12 }, (_, back) => new Date(Date.UTC(year, month - 1 - back, 15)));
  const named = (month) => new Intl.DateTimeFormat(locale(), { month: "long", year: "numeric", timeZone: "UTC" }).format(month);
  const choice = h("select", { name: "month" }, months.map((month) => h("option", { value: month.toISOString().slice(0, 7) }, named(month))));
  /** @type {any} */ let shown = null;
  let turn = 0;
  const show = async () => {
    const mine = ++turn;
    try {
      const found = await get(query(path, { month: choice.value }));
      if (mine !== turn) return;
      shown = found;
      body.replaceChildren(statement(found));
    } catch (error) {
      if (error.name !== "ApiError") throw error;
      shown = null;
      body.replaceChildren(h("p", { class: "mute" }, error.text));
    }
  };
  choice.addEventListener("change", show);
  show().catch(problem);
  const buttons = [{ label: t("dialog.close"), value: "", kind: "ghost" }, { label: t("paper.print"), value: "print", kind: "go" }];
  const { value } = await ask({
    title: t("paper.statement_of", { id }), wide: true, buttons: /** @type {any} */ (buttons),
    content: [h("label", { class: "month" }, h("span", null, t("paper.month")), choice), body],
  });
  if (value && shown) onPaper(h("article", { class: "paper" }, shown.issuers.map(issuer), h("h1", null, t("paper.statement_of", { id })), h("p", null, choice.selectedOptions[0].text), statement(shown)));
}

function statement(found) {
  const charges = found.tickets.map((one) => h("tr", null, cell(dateTime(one.ended_at)), cell(one.cp_id),
    cell(kwh(one.energy_mwh + one.corrected_mwh), SUM), cell(sum(one.cost_cents + one.corrected_cents), SUM)));
  const moved = found.moved.map((one) => h("tr", null, cell(dateTime(one.at)), cell([term("paper", one.kind), one.reason && h("small", null, one.reason)]), cell(""), cell(sum(one.cents), SUM)));
  const heads = ["when", "point", "energy", "amount"].map((name, i) => h("th", { scope: "col", class: i > 1 ? "n" : "" }, t(`paper.${name}`)));
  return h("div", { class: "month-body" },
    h("table", { class: "bill" }, h("caption", null, t("paper.charges", { count: number(found.sessions) })), h("thead", null, h("tr", null, heads)),
      h("tbody", null, charges.length ? charges : h("tr", null, h("td", { colspan: 4 }, t("paper.none")))),
      h("tfoot", null, [...totals(found)].map(wider))),
    !found.complete && h("p", null, t("paper.more")),
    moved.length > 0 && h("table", { class: "bill" }, h("caption", null, t("paper.moved")), h("tbody", null, moved)));
}

/** A statement has one column more than a bill. */
function wider(row) {
  row.firstChild.setAttribute("colspan", "2");
  return row;
}
