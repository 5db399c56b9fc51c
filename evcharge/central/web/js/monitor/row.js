// One row of the list: status, the two lamps, and the last day as a strip.
import { h, icon, iconHref, put, set } from "../dom.js";
import { degrees, duration } from "../format.js";
import { t } from "../i18n.js";
import { STATES, STATUSES } from "../states.js";
import { stripOf } from "./strip.js";
import { engineLamp, monitorLamp } from "./truth.js";

/** @typedef {import("../rows.js").Cp} Cp */

/** @type {WeakMap<HTMLElement, any>} */
const parts = new WeakMap();

/** @param {HTMLElement} row */
function build(row) {
  const button = /** @type {HTMLElement} */ (row.firstElementChild);
  const lamp = () => h("span", { class: "lamp" }, h("i"), h("span"));
  const made = {
    button, badge: h("span", { class: "badge-square" }, icon("available")), id: h("b"), place: h("small"), status: h("span", { class: "status" }),
    monitor: lamp(), engine: lamp(), warmth: h("span", { class: "warmth" }), strip: stripOf(),
  };
  button.replaceChildren(made.badge, h("span", { class: "name" }, made.id, made.place, made.warmth),
    h("span", { class: "state" }, made.status, made.strip.element), h("span", { class: "lamps" }, made.monitor, made.engine));
  parts.set(row, made);
  return made;
}

/** Show a charging point in its row. @param {HTMLElement} row @param {Cp} cp @param {{now: number, day: any, chosen: boolean}} facts */
export function showRow(row, cp, { now, day, chosen }) {
  const made = parts.get(row) ?? build(row);
  const [monitor, engine] = [monitorLamp(cp), engineLamp(cp)];
  const status = t(`status.${STATUSES[cp.s]}`);
  const place = cp.where || t("monitor.no_location");
  set(row, "data-s", STATES[cp.s]);
  set(made.badge.querySelector("use"), "href", iconHref(STATES[cp.s]));
  put(made.id, cp.id);
  put(made.place, place);
  put(made.status, cp.since ? `${status} · ${duration(now - cp.since)}` : status);
  put(made.warmth, cp.temp === null ? "" : degrees(cp.temp / 10));
  showLamp(made.monitor, t("monitor.monitor"), monitor);
  showLamp(made.engine, t("monitor.engine"), engine);
  set(made.button, "aria-label", t("monitor.row", { id: cp.id, location: place, status, monitor: monitor.word, engine: engine.word }));
  if (chosen) set(made.button, "aria-current", "true");
  else made.button.removeAttribute("aria-current");
  made.strip.show(day?.spans, now);
}

/** @param {HTMLElement} el @param {string} name @param {import("./truth.js").Lamp} lamp */
export function showLamp(el, name, lamp) {
  set(el, "data-ok", String(lamp.ok));
  put(el.lastElementChild, `${name} ${lamp.word}`);
}
