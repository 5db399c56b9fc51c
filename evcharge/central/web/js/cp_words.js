// What is said about one charging point, here and there in the same words.
import { duration, kw } from "./format.js";
import { has, t, told } from "./i18n.js";
import { CHARGING, ENGINE, FAULTED, FINISHING, PREPARING, REVOKED, STATUSES, STOPPING, UNAVAILABLE } from "./states.js";

/** @typedef {import("./rows.js").Cp} Cp */

/** Return the status' name. @param {number} s */
export const statusWord = (s) => t(`status.${STATUSES[s]}`);

/** Return who withholds it. @param {Pick<Cp, 'flags'|'holds'>} cp */
export function holdWords(cp) {
  if (cp.flags & REVOKED) return t("hold.revoked");
  const names = cp.holds.split(",").map((name) => name.trim()).filter(Boolean);
  return names.map((name) => (has(`hold.${name}`) ? t(`hold.${name}`) : name)).join(", ");
}

/** Return why it is in its status, or for how long. @param {Cp} cp @param {number} now */
export function why(cp, now) {
  if (cp.s === UNAVAILABLE) return holdWords(cp);
  if (cp.s === FAULTED) return told(cp.fault, cp.said) || (cp.flags & ENGINE ? t("status.Faulted") : t("tile.no_link"));
  if (cp.s === PREPARING) return cp.flags & STOPPING ? t("tile.stopping") : cp.driver || t("tile.plug");
  if (cp.s === CHARGING) return cp.flags & STOPPING ? t("tile.stopping") : cp.driver;
  if (cp.s === FINISHING) return t("tile.occupied");
  return sinceWords(cp, now);
}

/** Return for how long it has been so, or "". @param {Cp} cp @param {number} now */
export const sinceWords = (cp, now) => (cp.since ? t("tile.since", { time: duration(now - cp.since) }) : "");

/** Return one sentence for a screen reader. @param {Cp} cp @param {number} now */
export function spoken(cp, now) {
  const parts = [cp.id, statusWord(cp.s), cp.where];
  if (cp.s === CHARGING) parts.push(kw(cp.power), cp.driver);
  else parts.push(why(cp, now));
  return parts.filter(Boolean).join(", ");
}

