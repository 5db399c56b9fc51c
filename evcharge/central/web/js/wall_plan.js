// How the wall fills its screen: what form its tiles have, how many stand side by side, and how large. Pure.

/** Width and height of a tile and the gap beside it, in rem at scale 1; the scale from which it can be read. */
const FORMS = {
  full: { w: 16.6, h: 11.8, gap: 0.8, least: 0.78 },
  compact: { w: 12.4, h: 5, gap: 0.5, least: 0.75 },
  line: { w: 10.4, h: 2.4, gap: 0.4, least: 0.9 },
};
const MOST = 500;
const HEAD = 2.7;
/** A tile is not so much taller than its text needs. */
const TALLEST = 1.6;
/** Of a heading's height, its text; and the least of it that is read, in rem. */
const [TITLE, LEAST_TITLE] = [0.54, 1.05];

/**
 * @typedef {object} Plan @property {string} form @property {number[]} cols of each site
 * @property {number} w @property {number} h @property {number} gap @property {number} head height of a heading, in px
 * @property {number} scale of the text @property {number} title size of the headings' text, in px
 */

/**
 * Put sites on shelves, in their order: each is at most `deep` rows deep, and as many stand on a shelf as fit in `wide` columns.
 * @param {number[]} counts @param {number} wide @param {number} deep
 */
function shelve(counts, wide, deep) {
  let [shelves, rows, used, tall] = [1, 0, 0, 0];
  const cols = counts.map((count) => {
    const own = Math.min(wide, Math.ceil(count / deep));
    if (used + own > wide) [shelves, rows, used, tall] = [shelves + 1, rows + tall, 0, 0];
    used += own;
    tall = Math.max(tall, Math.ceil(count / own));
    return own;
  });
  return { cols, shelves, rows: rows + tall };
}

/**
 * Return the plan that shows every tile at once and largest, the fullest form first; null when none can be read.
 * @param {{width: number, height: number, rem: number, counts: number[], headed: boolean, titles?: number[]}} room in px;
 *   tiles of each site, and how wide its heading is, in em
 * @param {string[]} forms @returns {Plan|null}
 */
export function planWall(room, forms) {
  const total = room.counts.reduce((sum, count) => sum + count, 0);
  if (!total || total > MOST) return null;
  for (const form of forms) {
    const plan = largest(room, form, total);
    if (plan && plan.scale >= FORMS[form].least) return { ...plan, title: titled(room, plan) };
  }
  return null;
}

/** As large as every heading has room for; one for which even the smallest is too large does not count. */
function titled({ rem, titles = [] }, { cols, w, gap, head }) {
  const fitting = titles.map((em, k) => (cols[k] * (w + gap) - gap) / em).filter((px) => px >= LEAST_TITLE * rem);
  return Math.min(head * TITLE, ...fitting);
}

/** @param {Parameters<typeof planWall>[0]} room @param {string} form @param {number} total @returns {Omit<Plan, 'title'>|null} */
function largest({ width, height, rem, counts, headed }, form, total) {
  const { w: wide, h: high, gap: apart, least } = FORMS[form];
  const gap = apart * rem;
  const most = Math.max(...counts);
  /** @type {Omit<Plan, 'title'>|null} */ let best = null;
  for (let across = 1; across <= total; across++) {
    const w = Math.floor((width - (across - 1) * gap) / across);
    if (w < wide * rem * least) break;
    const depths = new Set(Array.from({ length: across }, (_, k) => Math.ceil(most / (k + 1))));
    for (const deep of depths) {
      const { cols, shelves, rows } = shelve(counts, across, deep);
      const scaled = (head) => {
        const h = Math.floor((height - shelves * head - (rows + (headed ? shelves : 0) - 1) * gap) / rows);
        return [h, Math.min(w / wide, h / high) / rem];
      };
      // A heading grows with its tiles, within bounds.
      const head = headed ? Math.round(HEAD * rem * Math.max(0.8, Math.min(1.8, scaled(HEAD * rem)[1]))) : 0;
      const [h, scale] = scaled(head);
      if (!best || scale > best.scale) best = { form, cols, w, gap, head, scale, h: Math.min(h, Math.floor(high * rem * scale * TALLEST)) };
    }
  }
  return best;
}
