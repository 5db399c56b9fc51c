// What the two lamps of a charging point say, and what follows from them (the truth table). Pure.
import { ENGINE, FAULTED, MONITOR, REVOKED, UNAVAILABLE } from "../states.js";
import { has, t } from "../i18n.js";

/** @typedef {import("../rows.js").Cp} Cp */
/** @typedef {{ok: boolean, word: string, why: string}} Lamp */

/** Return the monitor's lamp. @param {Cp} cp @returns {Lamp} */
export function monitorLamp(cp) {
  const state = cp.flags & MONITOR ? "ok" : "bad";
  return { ok: state === "ok", word: t(`monitor.monitor.${state}`), why: t(`monitor.monitor.${state}.why`) };
}

/** Return the engine's lamp. What only the monitor could tell counts while it is heard. @param {Cp} cp @returns {Lamp} */
export function engineLamp(cp) {
  const heard = cp.flags & MONITOR;
  const state = !(cp.flags & ENGINE) ? "lost" : heard && cp.fault ? "bad" : "ok";
  const why = state === "ok" && !heard ? "unsure" : state;
  const told = state === "lost" && heard && cp.fault ? faultWords(cp.fault) : "";
  return { ok: state === "ok", word: t(`monitor.engine.${state}`), why: told || t(`monitor.engine.${why}.why`, { fault: faultWords(cp.fault) }) };
}

/** Return what follows from both, in one sentence. @param {Cp} cp */
export function truth(cp) {
  if (cp.flags & REVOKED) return t("monitor.truth.revoked");
  if (!(cp.flags & MONITOR)) return t(cp.session ? "monitor.truth.deaf_charging" : "monitor.truth.deaf");
  if (!(cp.flags & ENGINE)) return t("monitor.truth.lost");
  if (cp.s === FAULTED) return t("monitor.truth.bad");
  if (cp.s === UNAVAILABLE) return t("monitor.truth.out", { why: holdWords(cp.holds) });
  return t("monitor.truth.ok");
}

/** Whether somebody should look at it. @param {Cp} cp */
export const troubled = (cp) => !(cp.flags & MONITOR) || !(cp.flags & ENGINE) || cp.fault !== "" || Boolean(cp.flags & REVOKED);

/** Return a fault in words; one that is not known is shown as it was reported. @param {string} fault */
export const faultWords = (fault) => (has(`monitor.cause.${fault}`) ? t(`monitor.cause.${fault}`) : fault);

/** @param {string} holds */
const holdWords = (holds) =>
  holds.split(",").map((name) => name.trim()).filter(Boolean)
    .map((name) => (has(`monitor.hold.${name}`) ? t(`monitor.hold.${name}`) : name)).join(", ");
