/** What every chart shares: SVG elements, and round numbers and times for axes. */

import { wallClock } from "./zone.js";

const NS = "http://www.w3.org/2000/svg";

/** Make an SVG element. Attributes that are null or undefined are left out; children may be text. */
export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/** Return how many pixels one of a chart is: its text grows with the page's, on a wall of 4K. */
export const scale = () => Math.max(1, parseFloat(getComputedStyle(document.documentElement).fontSize) / 10);

/** Return round values from at most `low` to at least `high`, about `count` steps apart. */
export function ticks(low, high, count = 4) {
  const span = high - low > 0 ? high - low : 1;
  const unit = 10 ** Math.floor(Math.log10(span / count));
  const step = unit * [1, 2, 2.5, 5, 10].find((factor) => factor * unit * count >= span * 0.999);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

const STEPS_S = [
  1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800,
];

/** Return instants (Unix seconds) on round times of the network between two instants, at most `most` of them. */
export function instants(from, until, most) {
  const wanted = (until - from) / Math.max(1, most);
  const step = STEPS_S.find((candidate) => candidate >= wanted) ?? STEPS_S.at(-1) * Math.ceil(wanted / 604800);
  const ahead = Date.parse(`${wallClock(until).replace(" ", "T")}Z`) / 1000 - Math.floor(until);
  const found = [];
  for (let at = Math.ceil((from + ahead) / step) * step - ahead; at <= until; at += step) found.push(at);
  return found;
}

/** Roughly how wide a text is in the axis font, without asking the browser to lay it out. */
export const widthOf = (text) => text.length * 6.3;

/** Label the right side with shares from nothing to all of it, and leave that much room for them. */
export function rightAxis(layer, words, box) {
  box.right -= Math.ceil(widthOf(words(1))) + 4;
  for (const part of [0, 0.5, 1]) {
    const y = box.bottom - part * (box.bottom - box.top) + 3.5;
    layer.append(s("text", { class: "ch-axis", x: box.right + 8, y }, words(part)));
  }
}

/** Draw the horizontal grid and its labels; return where the plot starts and how y maps to pixels. */
export function yAxis(layer, values, words, box) {
  const texts = values.map(words);
  const left = Math.ceil(Math.max(...texts.map(widthOf))) + 10;
  const [low, high] = [values[0], values.at(-1)];
  const place = (value) => box.bottom - ((value - low) / (high - low)) * (box.bottom - box.top);
  values.forEach((value, i) => {
    const y = Math.round(place(value)) + 0.5;
    const kind = value === 0 || i === 0 ? "ch-base" : "ch-grid";
    layer.append(s("line", { class: kind, x1: left, x2: box.right, y1: y, y2: y }));
    layer.append(s("text", { class: "ch-axis", x: left - 8, y: y + 3.5, "text-anchor": "end" }, texts[i]));
  });
  return { left, place };
}
