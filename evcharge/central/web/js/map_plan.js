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

/** How far a name is moved from below its site, and the box it fills: [left, top] of it. @type {((r: number, half: number) => [number, number, number, number])[]} */
const PLACES = [
  (r, half) => [0, 0, -half, r + 8],
  (r, half) => [0, -2 * r - 59, -half, -r - 50],
  (r, half) => [r + 8 + half, -r - 34, r + 8, -20],
  (r, half) => [-r - 8 - half, -r - 34, -r - 8 - 2 * half, -20],
];
const TALL = 40;
const halfOf = (text) => Math.max(30, (text.length * LETTER) / 2);

/**
 * Say what stands at each site, in their order, and how far from below it (null: nothing, there is no room): below, above,
 * to the right or left, without covering a name or a site, and within the picture, at whose edge it stands not quite in
 * the middle. A name without room is added to that of the nearest site: none is lost, and none is cut.
 * @param {{x: number, y: number, r: number, name: string}[]} sites @param {number} [width] @param {number} [height] of the picture
 * @returns {{text: string, shift: [number, number]|null}[]}
 */
export function withRoom(sites, width = Infinity, height = Infinity) {
  const rings = sites.map(({ x, y, r }) => [x - r, y - r, x + r, y + r]);
  const taken = [...rings];
  const free = (box, ...own) => taken.every((one) => own.includes(one) || box[2] < one[0] || box[0] > one[2] || box[3] < one[1] || box[1] > one[3]);
  const within = (box) => box[0] >= 0 && box[1] >= 0 && box[2] <= width && box[3] <= height;
  const put = ({ x, y, r }, place, text, slides = false) => {
    // What is moved to the very edge may be told to stand for others too: "+9" is not cut.
    const half = slides ? Math.min(halfOf(`${text} +9`), Math.max(halfOf(text), width / 2)) : halfOf(text);
    const [dx, dy, left, top] = place(r, half);
    const slide = slides ? Math.max(0, half - x) - Math.max(0, x + half - width) : 0;
    const [from, down] = [x + left + slide, y + top];
    return { text, place, shift: /** @type {[number, number]} */ ([dx + slide, dy]), box: [from, down, from + 2 * half, down + TALL], more: 0 };
  };
  const labels = sites.map((site, k) => {
    const all = PLACES.map((place) => put(site, place, site.name));
    // Below it and above it.
    if (within(rings[k])) all.push(...PLACES.slice(0, 2).map((place) => put(site, place, site.name, true)));
    const roomy = all.filter(({ box }) => free(box, rings[k]));
    const found = roomy.find(({ box }) => within(box)) ?? (within(rings[k]) ? null : roomy[0]);
    if (found) taken.push(found.box);
    return found ?? null;
  });
  const far = (one, other) => (one.x - other.x) ** 2 + (one.y - other.y) ** 2;
  const named = sites.map((_, k) => k).filter((k) => labels[k]);
  sites.forEach((site, k) => {
    if (labels[k] || !named.length) return;
    const host = named.reduce((best, one) => (far(sites[one], site) < far(sites[best], site) ? one : best));
    const now = labels[host];
    const both = put(sites[host], now.place, `${now.text}, ${site.name}`);
    if (now.more || !free(both.box, rings[host], now.box) || within(now.box) && !within(both.box)) now.more++;
    else taken[taken.indexOf(now.box)] = (labels[host] = both).box;
  });
  return sites.map(({ name }, k) => {
    const found = labels[k];
    return found ? { text: found.more ? `${found.text} +${found.more}` : found.text, shift: found.shift } : { text: name, shift: null };
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
