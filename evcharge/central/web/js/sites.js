// Charging points grouped by their location, in a stable order: tiles never move. Pure.

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
