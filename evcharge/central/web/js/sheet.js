/** A sheet that slides in at the side, over the page: a modal dialog that Escape, its cross or a click beside closes. */
import { closesBeside } from "./beside.js";
import { h, icon } from "./dom.js";
import { t } from "./i18n.js";

let count = 0;

/** Open a sheet with a heading and content; returns the dialog. */
export function sheet(title, ...content) {
  const id = `sheet-${++count}`;
  const close = h("button", { type: "button", class: "btn ghost square", "aria-label": t("tab.close") }, icon("close"));
  const head = h("header", null, h("h2", { id }, title), close);
  const dialog = h("dialog", { class: "sheet", "aria-labelledby": id }, head, ...content);
  const before = /** @type {HTMLElement|null} */ (document.activeElement);
  close.addEventListener("click", () => dialog.close());
  closesBeside(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (before?.isConnected) before.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
