// What withdrawn drivers left in their wallets: a table under the drivers, when there is any.
import { h } from "../dom.js";
import { euros, number } from "../format.js";
import { t } from "../i18n.js";
import { Table } from "../table.js";

/** Return the table's element and how to show rows in it. */
export function leftWallets() {
  const table = new Table({
    caption: t("drivers.left"),
    columns: [
      { id: "id", head: t("drivers.id"), cell: (row) => row.driver_id },
      { id: "registration", head: t("drivers.registration"), number: true, cell: (row) => number(row.registration) },
      { id: "balance", head: t("drivers.balance"), number: true, cell: (row) => euros(row.balance_cents) },
    ],
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
