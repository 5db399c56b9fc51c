// The facts of one charging point, as the drawer lists them.
import { h, put } from "./dom.js";
import { degrees, duration, euros, kw, kwh, price, unix } from "./format.js";
import { has, t, told } from "./i18n.js";
import { holdWords } from "./cp_words.js";
import { CHARGING, ENGINE, FAULTED, MONITOR, PREPARING, REVOKED } from "./states.js";

/** @typedef {import("./rows.js").Cp} Cp */

const linked = (cp, bit) => t(cp.flags & bit ? "drawer.linked" : "drawer.unlinked");

/** @param {any} detail */
function registration(detail) {
  if (!detail) return "…";
  const found = detail.registration;
  if (!found) return t("registration.unknown");
  const state = typeof found === "string" ? found : found.state;
  return has(`registration.${state}`) ? t(`registration.${state}`) : String(state ?? "");
}

/** @param {Cp} cp @param {any} detail */
function key(cp, detail) {
  const state = cp.flags & REVOKED ? "revoked" : detail?.key ?? "";
  return has(`key.${state}`) ? t(`key.${state}`) : state || "…";
}

/**
 * Return what is shown now: [key of the name, value]; "" means not shown.
 * @param {Cp} cp @param {any} detail answer of GET /api/cps/{id}, or null @param {number} now @returns {[string, string][]}
 */
export function factsOf(cp, detail, now) {
  const busy = cp.s === CHARGING || cp.s === PREPARING;
  const live = busy ? [
    ["drawer.driver", cp.driver], ["drawer.elapsed", cp.started ? duration(now - unix(cp.started)) : ""],
    ["drawer.power", kw(cp.power)], ["drawer.energy", kwh(cp.energy)], ["drawer.cost", euros(cp.cost)], ["drawer.session", cp.session],
  ] : [];
  return /** @type {[string, string][]} */ ([
    ...live,
    ["drawer.fault", told(cp.fault, cp.said) || (cp.s === FAULTED ? t("tile.no_link") : "")],
    ["drawer.told", told("", cp.said) && cp.fault],
    ["status.Unavailable", holdWords(cp)],
    ["drawer.location", cp.where || t("wall.no_location")], ["drawer.price", price(cp.price)],
    ["drawer.most", cp.most ? kw(cp.most) : ""],
    ["drawer.engine", linked(cp, ENGINE)], ["drawer.monitor", linked(cp, MONITOR)],
    ["drawer.key", key(cp, detail)], ["drawer.registration", registration(detail)],
    ["drawer.temperature", cp.temp === null ? "" : degrees(cp.temp / 10)],
  ]).filter(([, value]) => value);
}

/** Show facts in a <dl>; those that stay keep their elements. @param {HTMLElement} list @param {[string, string][]} facts */
export function showFacts(list, facts) {
  const keys = facts.map(([name]) => name).join();
  if (list.dataset.keys !== keys) {
    list.dataset.keys = keys;
    list.replaceChildren(...facts.map(() => h("div", null, h("dt"), h("dd"))));
  }
  facts.forEach(([name, value], k) => {
    const [dt, dd] = list.children[k].children;
    put(dt, t(name));
    put(dd, value);
  });
}
