// Where the map shows what: its view, the sizes of sites, which names have room. Pure. Degrees are those of the earth, x
// shortened by the latitude in the middle so that shapes are true there; y is downwards.

import { BY_URGENCY, STATES } from "./states.js";

/** Degrees: less than this is not shown of the world at once, and more than this never. */
const [LEAST, MOST] = [0.02, 360];
/** What a fitted map spans at least: one site alone is shown with the land around it. */
const SPAN = 1.2;
const EDGE = 0.82;
const [SMALL, LARGE] = [13, 34];
const LETTER = 8;

/**
 * @typedef {{x: number, y: number, k: number, across: number}} View `x` `y` the middle, `k` units of the picture for one
 *   degree, `across` how much shorter a degree of longitude is
 * @typedef {[number, number]} Point longitude and latitude, or x and y in the picture
 */

/** Return the view that shows all these points. @param {Point[]} points @param {number} width @param {number} height @returns {View} */
export function fitted(points, width, height) {
  const shown = points.length ? points : [/** @type {Point} */ ([-3.7, 40])];
  const range = (k) => [Math.min(...shown.map((p) => p[k])), Math.max(...shown.map((p) => p[k]))];
  const [[west, east], [south, north]] = [range(0), range(1)];
  const middle = (south + north) / 2;
  const across = Math.max(0.2, Math.cos((middle * Math.PI) / 180));
  const wide = Math.max((east - west) * across, SPAN);
  const tall = Math.max(north - south, SPAN);
  const k = Math.min(width / wide, height / tall) * EDGE;
  return { x: ((west + east) / 2) * across, y: -middle, k, across };
}

/** Return where a point lies in the picture. @param {View} view @param {Point} point @param {number} width @param {number} height @returns {Point} */
export const onMap = ({ x, y, k, across }, [lon, lat], width, height) =>
  [width / 2 + (lon * across - x) * k, height / 2 + (-lat - y) * k];

/** Move the picture. @param {View} view @param {number} dx @param {number} dy in its units @returns {View} */
export const moved = (view, dx, dy) => bounded({ ...view, x: view.x - dx / view.k, y: view.y - dy / view.k });

/**
 * Show the view larger or smaller; what is at `at` stays there.
 * @param {View} view @param {number} times @param {Point} at from the middle of the picture @param {number} width
 * @returns {View}
 */
export function zoomed(view, times, [ax, ay], width) {
  const k = Math.min(width / LEAST, Math.max(width / MOST, view.k * times));
  return bounded({ ...view, k, x: view.x + ax / view.k - ax / k, y: view.y + ay / view.k - ay / k });
}

/** The middle stays on the earth. @param {View} view @returns {View} */
function bounded(view) {
  const within = (value, most) => Math.min(most, Math.max(-most, value));
  return { ...view, x: within(view.x, 180 * view.across), y: within(view.y, 85) };
}

/** Return the radius of each site: its area tells its power. @param {number[]} powers in W @returns {number[]} */
export function radii(powers) {
  const most = Math.max(...powers, 1);
  return powers.map((power) => SMALL + (LARGE - SMALL) * Math.sqrt(Math.max(0, power) / most));
}

/**
 * Say where each site's name has room, in their order: below it, above it, or nowhere without covering a name or a site.
 * @param {{x: number, y: number, r: number, name: string}[]} sites @returns {("below"|"above"|"")[]}
 */
export function withRoom(sites) {
  const taken = sites.map(({ x, y, r }) => [x - r, y - r, x + r, y + r]);
  const free = (box, own) => taken.every(([left, top, right, bottom], k) => k === own || box[2] < left || box[0] > right || box[3] < top || box[1] > bottom);
  return sites.map(({ x, y, r, name }, own) => {
    const half = Math.max(30, (name.length * LETTER) / 2);
    for (const [where, top] of /** @type {["below"|"above", number][]} */ ([["below", y + r + 8], ["above", y - r - 50]])) {
      const box = [x - half, top, x + half, top + 40];
      if (!free(box, own)) continue;
      taken.push(box);
      return where;
    }
    return "";
  });
}

/**
 * Return the paths of a ring's arcs, one for each share; from the top, clockwise.
 * @param {number[]} shares of 1 @param {number} r
 */
export function arcs(shares, r) {
  let from = 0;
  return shares.map((share) => {
    const begin = from * 2 * Math.PI - Math.PI / 2;
    from += share;
    const end = Math.max(begin + 0.001, from * 2 * Math.PI - Math.PI / 2 - 0.035);
    if (share <= 0) return "";
    if (share > 0.999) return `M0 ${-r}A${r} ${r} 0 1 1 0 ${r}A${r} ${r} 0 1 1 0 ${-r}`;
    const at = (angle) => `${(r * Math.cos(angle)).toFixed(1)} ${(r * Math.sin(angle)).toFixed(1)}`;
    return `M${at(begin)}A${r} ${r} 0 ${end - begin > Math.PI ? 1 : 0} 1 ${at(end)}`;
  });
}

/**
 * Return what a site's charging points are together: how many of each status, power in W, how many of them `match`, and
 * the most urgent status.
 * @param {import("./rows.js").Cp[]} cps @param {import("./sites.js").Site} site @param {(cp: import("./rows.js").Cp) => boolean} match
 */
export function summed(cps, site, match) {
  const by = STATES.map(() => 0);
  let [power, wanted] = [0, 0];
  for (const i of site.cps) {
    by[cps[i].s]++;
    power += cps[i].power;
    if (match(cps[i])) wanted++;
  }
  return { by, power, wanted, most: BY_URGENCY.find((s) => by[s] > 0) };
}
