/** A row of filters above a list. Tells its values once they are well formed, a moment after the last key. */
import { address, asked } from "./address.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";

const PAUSE_MS = 250;
const ID = "[A-Za-z0-9_\\-]{1,32}";

/**
 * What the address names is filled in first, and it names what is typed. Fields: {name, label, kind: "choice" | "id" | "text" | "day", options?: [[value, words]], known?: () => string[],
 * example?: string, hint?: string}.
 * @param {object[]} fields @param {Record<string, string>} values kept by the caller, changed in place
 * @param {() => void} changed
 */
export function filters(fields, values, changed) {
  for (const { name } of fields) values[name] ??= asked().get(name) ?? "";
  const inputs = fields.map((field) => input(field, values[field.name]));
  const clear = h("button", { type: "button", class: "btn ghost", onclick: () => empty() }, t("tab.clear"));
  const labels = fields.map((field, i) => label(field, inputs[i]));
  const facts = { class: "filters", role: "search", "aria-label": t("tab.filters"), novalidate: true };
  const form = h("form", facts, labels, clear);
  let timer = 0;

  const read = () => {
    clearTimeout(timer);
    clear.hidden = !inputs.some((one) => one.value);
    if (!inputs.every((one) => one.checkValidity())) return void inputs.find((one) => !one.reportValidity());
    const found = inputs.map((one, i) => (fields[i].kind === "id" ? one.value.toUpperCase() : one.value));
    if (fields.every((field, i) => (values[field.name] ?? "") === found[i])) return;
    fields.forEach((field, i) => (values[field.name] = found[i]));
    address(values);
    changed();
  };
  const empty = () => {
    for (const one of inputs) one.value = "";
    read();
    inputs[0].focus();
  };
  // Ids are offered as they are known when one begins to type.
  form.addEventListener("focusin", ({ target }) => offer(fields[inputs.indexOf(target)], target));
  form.addEventListener("submit", (event) => (event.preventDefault(), read()));
  form.addEventListener("input", () => (clearTimeout(timer), (timer = setTimeout(read, PAUSE_MS))));
  clear.hidden = !inputs.some((one) => one.value);
  return form;
}

function input(field, value) {
  const plain = { name: field.name, autocomplete: "off", spellcheck: "false" };
  if (field.kind === "choice") {
    const options = [["", t("tab.all")], ...field.options].map(([key, words]) => h("option", { value: key }, words));
    const select = h("select", { name: field.name }, ...options);
    select.value = value;
    return select;
  }
  if (field.kind === "day") return h("input", { name: field.name, type: "date", value });
  const typed = { ...plain, type: "search", value, placeholder: field.example };
  if (field.kind === "text") return h("input", { ...typed, maxlength: 64, title: field.hint });
  return h("input", { ...typed, maxlength: 32, pattern: ID, title: t("tab.id_hint"), class: "id" });
}

function label(field, input) {
  const list = field.known ? h("datalist", { id: `known-${field.name}` }) : null;
  if (list) input.setAttribute("list", list.id);
  return h("label", { class: `fl fl-${field.kind}` }, h("span", null, field.label), input, list);
}

function offer(field, input) {
  if (field?.known) input.list.replaceChildren(...field.known().map((id) => h("option", { value: id })));
}
