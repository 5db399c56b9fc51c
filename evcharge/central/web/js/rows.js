// Charging points as the frames describe them. Pure: rows in, facts out.
import { CHARGING, DISCONNECTED } from "./states.js";

/** Samples of power kept for each charging point's line. */
export const SAMPLES = 30;

/**
 * @typedef {object} Cp One charging point: i index, s status code, power in W, energy in mWh, cost in cents,
 *   price in centi-cents per kWh, most the power it can give in W or 0, temp in tenths of a degree or null, hist the last powers while it charges,
 *   changed: the status is another one since it was last painted.
 * @property {number} i @property {string} id @property {string} location @property {string} where @property {number} price @property {number} most
 * @property {number} s @property {number} since @property {number} power @property {number} energy
 * @property {number} cost @property {string} driver @property {string} session @property {number} started
 * @property {string} holds @property {string} fault @property {Record<string, string>} [said] the fault in other languages @property {number} flags @property {number|null} temp
 * @property {number[]} hist @property {boolean} changed
 */

/** @returns {Omit<Cp, "i"|"id"|"location"|"where"|"price"|"most">} */
const unheard = () => ({
  s: DISCONNECTED, since: 0, power: 0, energy: 0, cost: 0, driver: "", session: "", started: 0,
  holds: "", fault: "", flags: 0, temp: null, hist: [], changed: false,
});

/**
 * Take [i, id, location, price, country, most power in W] of new or changed charging points. Returns how many.
 * @param {Cp[]} cps @param {any[]} list
 */
export function takePoints(cps, list) {
  for (const [i, id, location, price, country, most = 0] of list) {
    const facts = { i, id, location, where: country ? `${location}, ${country}` : location, price, most };
    if (cps[i]) Object.assign(cps[i], facts);
    else cps[i] = { ...unheard(), ...facts };
  }
  return list.length;
}

/**
 * Take the rows of a frame. Returns the indexes of those that were known.
 * @param {Cp[]} cps @param {any[]} list @param {Record<string, Record<string, string>>} [faults] those in them in other languages @returns {Set<number>}
 */
export function takeRows(cps, list, faults = {}) {
  const taken = new Set();
  for (const [i, s, since, power, energy, cost, driver, session, started, holds, fault, flags, temp] of list) {
    const cp = cps[i];
    if (!cp) continue;
    if (s !== CHARGING || cp.session !== session) cp.hist.length = 0;
    cp.changed ||= cp.s !== s;
    Object.assign(cp, { s, since, power, energy, cost, driver, session, started, holds, fault, flags, temp, said: faults[fault] });
    if (s === CHARGING && cp.hist.push(power) > SAMPLES) cp.hist.shift();
    taken.add(i);
  }
  return taken;
}

/** Put older samples in front of newer ones, as far as there is room. @param {number[]} now @param {number[]} old @param {number} most */
export const before = (now, old, most) => now.length < most && now.unshift(...old.slice(now.length - most));

/** Let the lines of charges that go on begin where they were: Central tells all anew. @param {Cp[]} cps @param {Cp[]} old */
export function keepLines(cps, old) {
  const were = new Map(old.map((cp) => [cp?.id, cp]));
  for (const cp of cps) {
    const was = were.get(cp?.id);
    if (cp?.session && was?.session === cp.session) before(cp.hist, was.hist, SAMPLES);
  }
}

/**
 * Put the messages that are newer than the last one behind it; at most `most` are kept. Returns how many were new.
 * @param {any[]} kept @param {any[]} list @param {number} most
 */
export function takeMessages(kept, list, most) {
  const seen = kept.at(-1)?.r ?? -1;
  const fresh = list.filter((message) => message.r > seen);
  kept.push(...fresh);
  if (kept.length > most) kept.splice(0, kept.length - most);
  return fresh.length;
}
