// The list of keys.
import { ask } from "./dialogs.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";

/** Show which keys do what. @param {[string, string][]} rows */
export function keysHelp(rows) {
  const line = ([names, key]) => h("tr", null, h("td", null, names.split(" ").map((name) => [h("kbd", null, name), " "])), h("td", null, t(key)));
  ask({ title: t("shell.keys"), content: h("table", { class: "keys-help" }, h("tbody", null, rows.map(line))) });
}
