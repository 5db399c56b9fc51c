// Where each cell of the mosaic stands: as large as all of them fit, one block of rows for each site. Pure.

const WIDE = 1.12;

/**
 * @typedef {object} Plan @property {number} cols @property {number} cw cell width @property {number} ch cell height
 * @property {number[][]} rows indexes of charging points @property {Map<number, string>} names row → name of the site that begins there
 */

/**
 * Return the plan for so many sites on so much room, or null when there is none.
 * @param {import("./sites.js").Site[]} sites @param {number} width @param {number} height @param {number} most height of a cell
 * @returns {Plan|null}
 */
export function planMosaic(sites, width, height, most) {
  let best = null;
  let large = 0;
  for (let cols = 2; cols <= Math.max(2, width / 2.5); cols++) {
    const rows = sites.reduce((sum, site) => sum + Math.ceil(site.cps.length / cols), 0);
    const cw = Math.min(most * 1.3, width / cols);
    const ch = Math.min(most, height / rows);
    const size = Math.min(cw / WIDE, ch);
    if (ch >= 1 && size > large) [large, best] = [size, { cols, cw, ch }];
  }
  if (!best) return null;
  const rows = [];
  const names = new Map();
  for (const site of sites) {
    names.set(rows.length, site.name);
    for (let k = 0; k < site.cps.length; k += best.cols) rows.push(site.cps.slice(k, k + best.cols));
  }
  return { ...best, rows, names };
}

/**
 * Return the charging point one step from `i`, or `i` at the edge.
 * @param {number[][]} rows @param {number} i @param {[number, number]} step
 */
export function stepFrom(rows, i, [dx, dy]) {
  const r = rows.findIndex((row) => row.includes(i));
  if (r < 0) return rows[0]?.[0] ?? i;
  const c = rows[r].indexOf(i);
  if (dx) return rows[r][c + dx] ?? rows[r + dx]?.at(dx > 0 ? 0 : -1) ?? i;
  const row = rows[Math.max(0, Math.min(rows.length - 1, r + dy))];
  return row[Math.min(c, row.length - 1)];
}
