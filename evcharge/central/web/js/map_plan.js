// Puts the bubbles of the map apart and joins neighbours. Pure.
import { placesOf } from "./places.js";

export const WIDTH = 1000;
export const HEIGHT = 640;
const ROUNDS = 220;
const LABEL = 50;

/** @typedef {{x: number, y: number, r: number}} Bubble */

/**
 * Return a bubble for each site: its area says how many charging points it has.
 * @param {import("./sites.js").Site[]} sites @returns {Bubble[]}
 */
export function planMap(sites) {
  const most = Math.max(...sites.map((site) => site.cps.length), 1);
  const small = Math.min(1, Math.sqrt(14 / sites.length));
  const bubbles = placesOf(sites.map((site) => site.name)).map(([x, y], i) => ({
    x: 140 + x * (WIDTH - 280),
    y: 90 + y * (HEIGHT - 220),
    r: (20 + 26 * Math.sqrt(sites[i].cps.length / most)) * Math.max(0.5, small),
  }));
  for (let round = 0; round < ROUNDS; round++) apart(bubbles);
  return bubbles;
}

/** Push overlapping bubbles, with the two lines of words below each, from one another. @param {Bubble[]} bubbles */
function apart(bubbles) {
  for (let i = 0; i < bubbles.length; i++) {
    for (let j = i + 1; j < bubbles.length; j++) {
      const [a, b] = [bubbles[i], bubbles[j]];
      const dx = b.x - a.x || 0.1;
      const dy = b.y - a.y || 0.1;
      const far = Math.hypot(dx, dy * 0.82);
      const wanted = a.r + b.r + LABEL;
      if (far >= wanted) continue;
      const push = ((wanted - far) / far) * 0.14;
      a.x -= dx * push;
      b.x += dx * push;
      a.y -= dy * push;
      b.y += dy * push;
    }
  }
  for (const bubble of bubbles) {
    bubble.x = Math.max(80, Math.min(WIDTH - 80, bubble.x));
    bubble.y = Math.max(60, Math.min(HEIGHT - 90, bubble.y));
  }
}

/**
 * Return the path of the roads: each bubble is joined to its nearest, three at most.
 * @param {Bubble[]} bubbles
 */
export function roads(bubbles) {
  const pairs = bubbles.flatMap((a, i) => bubbles.slice(i + 1).map((b, k) => [i, i + 1 + k, Math.hypot(a.x - b.x, a.y - b.y)]));
  const degree = bubbles.map(() => 0);
  const drawn = [];
  for (const [i, j] of pairs.sort((p, q) => p[2] - q[2])) {
    if (degree[i] > 2 || degree[j] > 2 || drawn.length >= bubbles.length * 1.15) continue;
    degree[i]++;
    degree[j]++;
    const [a, b] = [bubbles[i], bubbles[j]];
    const bend = [(a.x + b.x) / 2 + (b.y - a.y) * 0.12, (a.y + b.y) / 2 - (b.x - a.x) * 0.12];
    drawn.push(`M${point(a.x, a.y)}Q${point(bend[0], bend[1])} ${point(b.x, b.y)}`);
  }
  return drawn.join("");
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
    const at = (angle) => point(r * Math.cos(angle), r * Math.sin(angle));
    return `M${at(begin)}A${r} ${r} 0 ${end - begin > Math.PI ? 1 : 0} 1 ${at(end)}`;
  });
}

/** @param {number} x @param {number} y */
const point = (x, y) => `${x.toFixed(1)} ${y.toFixed(1)}`;
