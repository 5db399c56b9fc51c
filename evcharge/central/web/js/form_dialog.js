/** A small form in a dialog: it stays open, with the reason in words, until what it asks for is done. */
import { closesBeside } from "./beside.js";
import { h, put, sheets } from "./dom.js";
import { t } from "./i18n.js";

let count = 0;

/**
 * Ask for the fields, then `act(values)`; an error of it is shown and the form stays.
 * Fields: {name, label, hint?, attrs, options?}. Resolves to what `act` returned, or null when it was closed.
 * @param {{title: string, text?: string, fields: object[], submit: string, act: (values) => Promise<any>}} form
 */
export async function askForm({ title, text, fields, submit, act }) {
  // The wall has no forms of its own, and so not their looks.
  await sheets("pages");
  const id = `ask-${++count}`;
  const inputs = fields.map((field) => control(field, `${id}-${field.name}`));
  const problem = h("p", { class: "fd-problem", role: "alert" });
  const send = h("button", { type: "submit", class: "btn go" }, submit);
  const cancel = h("button", { type: "button", class: "btn ghost" }, t("dialog.cancel"));
  const rows = fields.map((field, i) => row(field, inputs[i], `${id}-${field.name}`));
  const buttons = h("div", { class: "fd-buttons" }, cancel, send);
  const form = h("form", { method: "dialog", class: "fd-form" }, rows, problem, buttons);
  const heading = h("h2", { id }, title);
  const more = text && h("p", { class: "fd-text" }, text);
  const dialog = h("dialog", { class: "fd", "aria-labelledby": id }, heading, more, form);

  return new Promise((resolve) => {
    let result = null;
    const work = async (event) => {
      event.preventDefault();
      if (send.disabled) return;
      send.disabled = true;
      put(problem, "");
      try {
        result = await act(Object.fromEntries(inputs.map((one) => [one.name, one.value.trim()])));
        dialog.close();
      } catch (error) {
        put(problem, error.text ?? error.message);
      } finally {
        send.disabled = false;
      }
    };
    form.addEventListener("submit", work);
    cancel.addEventListener("click", () => dialog.close());
    // The second of two quick clicks must not hide what the first one did.
    closesBeside(dialog, () => !send.disabled);
    dialog.addEventListener("close", () => (dialog.remove(), resolve(result)));
    document.body.append(dialog);
    dialog.showModal();
    inputs[0].focus();
  });
}

function control(field, id) {
  if (!field.options) return h("input", { id, name: field.name, autocomplete: "off", spellcheck: "false", ...field.attrs });
  const options = field.options.map(([value, words]) => h("option", { value }, words));
  return h("select", { id, name: field.name, ...field.attrs }, ...options);
}

function row(field, input, id) {
  if (field.hint) input.setAttribute("aria-describedby", `${id}-hint`);
  const hint = field.hint ? h("small", { id: `${id}-hint` }, field.hint) : null;
  return h("div", { class: "fd-row" }, h("label", { for: id }, field.label), input, hint);
}
