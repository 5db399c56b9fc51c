// The list of keys.
import { ask } from "./dialogs.js";
import { h } from "./dom.js";
import { t, words } from "./i18n.js";
import { setSingleKeys, singleKeys } from "./keys.js";

/** Show which keys do what. @param {[string, string][]} rows */
export function keysHelp(rows) {
  const line = ([names, key]) => h("tr", null, h("td", null, names.split(" ").map((name) => [h("kbd", null, name), " "])), h("td", null, t(key)));
  const box = h("input", { type: "checkbox", id: "single-keys", checked: singleKeys() });
  box.addEventListener("change", () => setSingleKeys(box.checked));
  const choice = h("label", { class: "keys-choice" }, box, words("span", "key.single"));
  ask({ title: t("shell.keys"), content: h("div", null, h("table", { class: "keys-help" }, h("tbody", null, rows.map(line))), choice) });
}
