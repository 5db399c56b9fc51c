// Questions in a <dialog>. Short notes that go away by themselves are in notes.js.
import { h, sheets } from "./dom.js";
import { t } from "./i18n.js";

export { problem, toast } from "./notes.js";

let titles = 0;

/** @typedef {{label: string, value: string, kind?: "go"|"warn"|"danger"|"ghost"}} Button */

/**
 * Ask in a modal dialog. `content` is nodes or text; a <form> is made around it, so that Enter presses the last button.
 * Returns the value of the button ("" for Esc) and the form, to read its fields.
 * @param {{title: string, content?: any, buttons?: Button[], wide?: boolean}} question
 * @returns {Promise<{value: string, form: HTMLFormElement}>}
 */
export function ask({ title, content, buttons, wide }) {
  sheets("dialogs").catch(() => {});
  const id = `dialog-${++titles}`;
  const shown = buttons ?? [{ label: t("dialog.close"), value: "close", kind: "ghost" }];
  const form = h("form", { method: "dialog" },
    h("h2", { id }, title),
    h("div", { class: "dialog-body" }, content),
    h("footer", null, shown.map((b, i) => button(b, i === shown.length - 1, shown.at(-1)?.kind === "danger"))),
  );
  const dialog = h("dialog", { class: wide ? "dialog wide" : "dialog", "aria-labelledby": id }, form);
  const before = document.activeElement;
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      resolve({ value: dialog.returnValue, form });
    });
  });
}

/** @param {Button} b @param {boolean} last @param {boolean} careful the first, harmless button gets the focus */
function button(b, last, careful) {
  // Only a button of type submit answers; the others must not be pressed by Enter before the last one.
  const attrs = { class: `btn ${b.kind ?? "ghost"}`, value: b.value, type: last ? "submit" : "button", autofocus: last !== careful };
  const el = h("button", attrs, b.label);
  if (b.value === "" || b.value === "cancel") el.formNoValidate = true;
  if (!last) el.addEventListener("click", () => el.closest("dialog").close(b.value));
  return el;
}

/**
 * Ask a yes-or-no question; Esc and the first button mean no.
 * @param {string} text
 * @param {{title?: string, ok?: string, cancel?: string, kind?: "go"|"warn"|"danger", detail?: string}} [options]
 * @returns {Promise<boolean>}
 */
export async function confirm(text, { title, ok, cancel, kind = "warn", detail } = {}) {
  const { value } = await ask({
    title: title ?? t("dialog.sure"),
    content: [h("p", null, text), detail && h("p", { class: "mute" }, detail)],
    buttons: [
      { label: cancel ?? t("dialog.cancel"), value: "cancel", kind: "ghost" },
      { label: ok ?? t("dialog.ok"), value: "ok", kind },
    ],
  });
  return value === "ok";
}
