// Short notes at the edge of the page, which go away by themselves.
import { $, h, icon, sheets } from "./dom.js";
import { t } from "./i18n.js";

const NOTE_MS = 6000;
const PROBLEM_MS = 12_000;
const MOST_NOTES = 4;
const NOTES = { id: "toasts", class: "toasts", role: "status", popover: "manual" };
const PICTURES = { ok: "available", info: "info", warn: "faulted", bad: "faulted" };

/** Show a note, read out by screen readers. @param {string} text @param {"ok"|"info"|"warn"|"bad"} [kind] */
export function toast(text, kind = "ok") {
  sheets("dialogs").catch(() => {});
  const box = $("#toasts") ?? document.body.appendChild(h("div", NOTES));
  const same = [...box.children].find((el) => el.dataset.text === text);
  same?.remove();
  const close = h("button", { type: "button", class: "x", "aria-label": t("dialog.close") }, icon("close"));
  const note = h("div", { class: "toast", "data-kind": kind, "data-text": text }, icon(PICTURES[kind]), h("p", null, text), close);
  const timer = setTimeout(() => note.remove(), kind === "bad" || kind === "warn" ? PROBLEM_MS : NOTE_MS);
  close.addEventListener("click", () => {
    clearTimeout(timer);
    note.remove();
  });
  box.append(note);
  while (box.children.length > MOST_NOTES) box.firstElementChild.remove();
  onTop(box);
}

/** Put the notes above an open dialog, where the browser knows how. @param {HTMLElement} box */
function onTop(box) {
  if (!box.showPopover) return;
  if (box.matches(":popover-open")) box.hidePopover();
  box.showPopover();
}

/** Show what went wrong with a request. @param {any} error */
export function problem(error) {
  toast(error?.text ?? error?.message ?? String(error), "bad");
}
