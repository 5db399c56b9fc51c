// Charging points grouped by their location, in a stable order: tiles never move. Pure.

import { BY_URGENCY } from "./states.js";

const FEW_PER_SITE = 2.5;
const MANY_SITES = 3;

/** @typedef {{key: string, name: string, cps: number[]}} Site `cps` are indexes, in their order */

/** Return the key of a location, which Central sends in one form; "ß" is "ss". @param {string} location */
export const siteKey = (location) => location.toUpperCase().toLowerCase();

const { compare } = new Intl.Collator(undefined, { numeric: true });

/** Return those that are known, CP2 before CP10. @param {import("./rows.js").Cp[]} cps */
export const inOrder = (cps) => cps.filter(Boolean).sort((a, b) => compare(a.id, b.id));

/**
 * Return the sites in the order of their first charging point.
 * @param {import("./rows.js").Cp[]} cps @returns {Site[]}
 */
export function sitesOf(cps) {
  /** @type {Map<string, Site>} */
  const found = new Map();
  for (const cp of inOrder(cps)) {
    const key = siteKey(cp.location);
    const site = found.get(key);
    if (site) site.cps.push(cp.i);
    else found.set(key, { key, name: cp.where, cps: [cp.i] });
  }
  return [...found.values()];
}

/** How the wall can be grouped. */
export const GROUPINGS = ["site", "state", "none"];

/**
 * Return the groups of the wall: sites, statuses (the worst first, `s` says which), or one nameless group.
 * @param {import("./rows.js").Cp[]} cps @param {string} how one of GROUPINGS @returns {(Site & {s?: number})[]}
 */
export function groupsOf(cps, how) {
  if (how === "site") return wallSites(cps);
  const all = inOrder(cps);
  const group = (key, some, s) => ({ key, name: "", cps: some.map((cp) => cp.i), s });
  if (how === "none") return [group("*", all)];
  return BY_URGENCY.map((s) => group(`=${s}`, all.filter((cp) => cp.s === s), s)).filter((one) => one.cps.length);
}

/**
 * Return the sites for the wall: one nameless site for all when most locations have a charging point or two, because
 * a heading for each tile would only push the tiles apart.
 * @param {import("./rows.js").Cp[]} cps @returns {Site[]}
 */
export function wallSites(cps) {
  const sites = sitesOf(cps);
  const scattered = sites.length >= MANY_SITES && cps.length / sites.length < FEW_PER_SITE;
  return scattered ? [{ key: "*", name: "", cps: inOrder(cps).map((cp) => cp.i) }] : sites;
}
