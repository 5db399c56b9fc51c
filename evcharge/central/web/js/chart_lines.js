/** Lines and areas over time. A y of null is a gap: nothing was known then, and nothing is drawn. */
import { instants, rightAxis, s, ticks, widthOf, yAxis } from "./chart_parts.js";

/** Draw into `layer`; return the stops of the cursor, one for each x of the first series. */
export function drawLines(layer, options, width, height) {
  const series = options.series.map((one, i) => ({ tone: i + 1, ...one }));
  const known = series.filter((one) => !one.y).flatMap((one) => one.points.filter(([, y]) => y !== null));
  if (!known.length) return [];
  const axes = Boolean(options.x);
  const box = { top: axes ? 8 : 2, right: width - (axes ? 6 : 0), bottom: height - (axes ? 22 : 1) };
  const share = series.find((one) => one.y)?.y;
  if (share) rightAxis(layer, share, box);
  const [low, high] = range(known, options);
  const values = axes ? ticks(low, high, Math.max(2, Math.floor(height / 48))) : [low, high];
  const { left, place } = axes ? yAxis(layer, values, options.y, box) : bare(values, box);
  const all = series.flatMap((one) => one.points);
  const from = options.from ?? Math.min(...all.map(([x]) => x));
  const until = options.until ?? Math.max(...all.map(([x]) => x));
  const across = (x) => left + ((x - from) / (until - from || 1)) * (box.right - left);
  if (axes) timeAxis(layer, options.x, { from, until, left, across, box, height });
  drawMarks(layer, options.marks ?? [], across, box);
  const heights = series.map((one) => (one.y ? (part) => box.bottom - part * (box.bottom - box.top) : place));
  series.forEach((one, i) => drawSeries(layer, one, across, heights[i], box.bottom));
  return axes || options.y ? stopsOf(series, options, across, heights, box.bottom) : [];
}

/** @returns {[number, number]} */
function range(points, { low, high }) {
  const ys = points.map(([, y]) => y);
  const bottom = low ?? Math.min(0, ...ys);
  return [bottom, high ?? Math.max(bottom + 1e-9, ...ys)];
}

/** @param {number[]} ends */
function bare([low, high], box) {
  const span = high - low > 1e-6 ? high - low : 1;
  return { left: 0, place: (y) => box.bottom - ((y - low) / span) * (box.bottom - box.top) };
}

function timeAxis(layer, words, { from, until, left, across, box, height }) {
  const most = Math.floor((box.right - left) / (widthOf(words(until)) + 34));
  for (const at of instants(from, until, most)) {
    const text = words(at);
    const half = widthOf(text) / 2;
    const x = Math.max(left + half, Math.min(box.right - half, across(at)));
    layer.append(s("text", { class: "ch-axis", x, y: height - 5, "text-anchor": "middle" }, text));
  }
}

/** What happened at an instant, by its number in a list beside the chart: a number lies below one that it would cover. */
function drawMarks(layer, marks, across, box) {
  /** Where each row of numbers ends. @type {number[]} */ const ends = [];
  for (const { at, text } of marks) {
    const x = across(at), half = widthOf(text) / 2 + 1;
    const free = ends.findIndex((end) => end < x - half);
    const row = free < 0 ? ends.length : free;
    ends[row] = x + half;
    const y = box.top + 8 + 11 * row;
    layer.append(s("line", { class: "ch-mark", x1: x, x2: x, y1: y + 4, y2: box.bottom }));
    layer.append(s("text", { class: "ch-mark-text", x, y, "text-anchor": "middle" }, text));
  }
}

function drawSeries(layer, { points, tone, area }, across, place, floor) {
  for (const run of runs(points)) {
    const path = run.map(([x, y], i) => `${i ? "L" : "M"}${across(x).toFixed(1)} ${place(y).toFixed(1)}`).join("");
    if (area) {
      const [first, last] = [across(run[0][0]).toFixed(1), across(run.at(-1)[0]).toFixed(1)];
      layer.append(s("path", { class: `ch-area t${tone}`, d: `${path}L${last} ${floor}L${first} ${floor}Z` }));
    }
    layer.append(s("path", { class: `ch-line t${tone}`, d: run.length > 1 ? path : `${path}h.01` }));
  }
}

function runs(points) {
  const found = [[]];
  for (const point of points) {
    if (point[1] === null) found.push([]);
    else found.at(-1).push(point);
  }
  return found.filter((run) => run.length);
}

function stopsOf(series, { x, y, when = x }, across, heights, floor) {
  const others = series.map((one) => new Map(one.points));
  return series[0].points.map(([at]) => {
    const all = series.map((one, i) => ({ ...one, place: heights[i], words: one.y ?? y, value: others[i].get(at) ?? null }));
    const here = all.filter((one) => one.value !== null);
    const dots = here.map(({ place, value, tone }) => ({ y: place(value), tone }));
    const line = ({ name, value, tone, words }) => (name ? { text: `${name} ${words(value)}`, tone } : { text: words(value) });
    const lines = here.map(line);
    if (!lines.length) lines.push({ text: "–" });
    return { x: across(at), y: dots[0]?.y, floor, head: when ? when(at) : "", lines, dots };
  });
}
