// What withdrawn drivers left in their wallets: a table under the drivers, when there is any.
import { may } from "../account.js";
import { h, icon } from "../dom.js";
import { euros, number } from "../format.js";
import { t } from "../i18n.js";
import { payOut } from "../money.js";
import { action } from "../tab.js";
import { Table } from "../table.js";

/** Return the table's element and how to show rows in it. @param {() => void} again look again */
export function leftWallets(again) {
  const columns = [
    { id: "id", head: t("drivers.id"), cell: (row) => row.driver_id },
    { id: "registration", head: t("drivers.registration"), number: true, cell: (row) => number(row.registration) },
    { id: "balance", head: t("drivers.balance"), number: true, cell: (row) => euros(row.balance_cents) },
  ];
  if (may("operator")) columns.push({ id: "act", head: "", cell: (row) => payOutButton(row, again) });
  const table = new Table({
    caption: t("drivers.left"),
    columns,
    key: (row) => `${row.driver_id} ${row.registration}`,
    empty: "",
  });
  const hint = h("p", { class: "tab-note", "data-kind": "info" }, t("drivers.left_hint"));
  const element = h("div", { hidden: true }, h("h3", null, t("drivers.left")), hint, table.element);
  const show = (rows) => {
    element.hidden = !rows.length;
    table.set(rows);
  };
  return { element, show };
}

function payOutButton({ driver_id: id, registration }, again) {
  const name = t("settling.pay_out");
  return action("pay-out", icon("minus"), name, `${name}: ${id}`, () => payOut(id, registration).then(again));
}
