// What the two lamps of a charging point say, and what follows from them (the truth table). Pure.
import { ENGINE, FAULTED, MONITOR, REVOKED, UNAVAILABLE } from "../states.js";
import { has, t, told } from "../i18n.js";

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
  const fault = told(cp.fault, cp.said);
  const lost = state === "lost" && heard ? fault : "";
  return { ok: state === "ok", word: t(`monitor.engine.${state}`), why: lost || t(`monitor.engine.${why}.why`, { fault }) };
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

/** @param {string} holds */
const holdWords = (holds) =>
  holds.split(",").map((name) => name.trim()).filter(Boolean)
    .map((name) => (has(`monitor.hold.${name}`) ? t(`monitor.hold.${name}`) : name)).join(", ");
