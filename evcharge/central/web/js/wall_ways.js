// Where a click on the wall leads: to a charging point, or to what an alert is about.
import { asked, named } from "./address.js";
import { sheets } from "./dom.js";
import { t, use } from "./i18n.js";
import { toast } from "./notes.js";

/** @typedef {import("./wall_view.js").WallView} WallView */

const parts = () => Promise.all([import("./drawer.js"), use("drawer"), sheets("drawer")]);

/** Show one charging point in full; what that needs is loaded when it is first asked for. @param {WallView} view @param {number} i */
export async function openPoint(view, i) {
  try {
    const [{ Drawer }] = await parts();
    view.drawer ??= new Drawer(view.store);
    const before = view.drawer.dialog.open;
    view.drawer.open(i);
    if (!before && view.drawer.dialog.open) named(view.drawer.dialog, "cp", view.store.cps[i].id);
  } catch {
    toast(t("tab.failed"), "bad");
  }
}

/** Go to a charging point by its id; without a place for it in this view it opens. @param {WallView} view @param {string} id */
export function goTo(view, id) {
  const cp = view.store.cps.find((one) => one?.id === id);
  if (cp && !view.views.jump(cp.i)) openPoint(view, cp.i);
  return cp;
}

/** Go to what an alert is about. @param {WallView} view @param {any} alert */
export async function goToCause(view, alert) {
  if (!goTo(view, alert.about)) location.hash = (await import("./cause.js")).causeTab(alert);
}

/** Open the charging point that the address names. @param {WallView} view */
export function openNamed(view) {
  const cp = view.store.cps.find((one) => one?.id === asked().get("cp"));
  if (cp && !view.drawer?.dialog.open) openPoint(view, cp.i);
}
