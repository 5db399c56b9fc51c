// The groups of the wall: a heading with its figures, and the tiles of one location.
import { h, put } from "./dom.js";
import { kw, number } from "./format.js";
import { counted, t } from "./i18n.js";

/** @typedef {{site: import("./sites.js").Site, el: HTMLElement, meta: HTMLElement}} Group */

/**
 * Return the group of a site; the nameless one, for all, has no heading.
 * @param {import("./sites.js").Site} site @param {import("./tile.js").Tile[]} tiles @returns {Group}
 */
export function wallGroup(site, tiles) {
  const meta = h("small");
  const name = site.key === "*" ? null : site.name || t("wall.no_location");
  const el = h(name ? "section" : "div", { class: "site", "data-site": site.key, "aria-label": name },
    name && h("h2", null, name, meta),
    h("div", { class: "grid" }, site.cps.map((i) => tiles[i].el)),
  );
  return { site, el, meta };
}

/** Return how wide a heading becomes, in em of its name: the figures are smaller. @param {Group} group */
export function headingEm({ site }) {
  const name = site.name || t("wall.no_location");
  return name.length * 0.6 + 0.7 + figures(site.cps.length, 88_800).length * 0.5;
}

const figures = (count, power) => counted("site.points", count, { count: number(count), power: kw(power) });

/** Say in each heading how many charging points it has, and their power. @param {Group[]} groups @param {import("./rows.js").Cp[]} cps */
export function headings(groups, cps) {
  for (const { site, meta } of groups) {
    put(meta, figures(site.cps.length, site.cps.reduce((sum, i) => sum + cps[i].power, 0)));
  }
}
