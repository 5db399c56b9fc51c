// Small helpers for the page's elements. Text enters through text nodes only: hostile text stays text.

import { drawPictures } from "./icons.js";

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "g", "path", "use", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan"]);
const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "selected", "indeterminate"]);

/** @typedef {Node|string|number|null|undefined|false|any[]} Child */

/** Return the first that matches. @param {string} selector @param {ParentNode} [root] @returns {HTMLElement} */
export const $ = (selector, root = document) => root.querySelector(selector);

/** Return all that match. @param {string} selector @param {ParentNode} [root] @returns {HTMLElement[]} */
export const $$ = (selector, root = document) => /** @type {any} */ ([...root.querySelectorAll(selector)]);

/** Return what matches where an event came from. @param {any} event @returns {HTMLElement|null} */
export const within = (event, selector) => event.target.closest(selector);

/**
 * Make an element. Functions named on… become listeners, true an empty attribute; null, undefined and false are
 * nothing. Children are nodes, or become text.
 * @param {string} tag @param {Record<string, any>|null} [attrs] @param {...Child} children @returns {any}
 */
export function h(tag, attrs, ...children) {
  const isSvg = SVG_TAGS.has(tag);
  const el = isSvg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attrs ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") el.addEventListener(name.slice(2), value);
    else if (name === "style" || name.startsWith("on")) throw new TypeError(`no ${name} attribute here`);
    else if (!isSvg && PROPERTIES.has(name)) el[name] = value;
    else el.setAttribute(name, value === true ? "" : String(value));
  }
  add(el, children);
  return el;
}

/** @param {Element} el @param {Child[]} children */
function add(el, children) {
  for (const child of children) {
    if (Array.isArray(child)) add(el, child);
    else if (child !== null && child !== undefined && child !== false) {
      el.append(child instanceof Node ? child : String(child));
    }
  }
}

/** Show `value` as the element's text, only when it changes. @param {Element} el @param {string|number} value */
export function put(el, value) {
  const text = String(value);
  const first = el.firstChild;
  if (first && first.nodeType === Node.TEXT_NODE && !first.nextSibling) {
    if (first.nodeValue !== text) first.nodeValue = text;
  } else if (first || text) el.textContent = text;
}

/** Set an attribute only when it changes. @param {Element} el @param {string} name @param {string|number} value */
export function set(el, name, value) {
  const text = String(value);
  if (el.getAttribute(name) !== text) el.setAttribute(name, text);
}

drawPictures();

/** Return where the picture called `name` is, for <use href>. @param {string} name */
export const iconHref = (name) => `#i-${name}`;

/** Return a picture of the sprite; it says nothing to a screen reader. @param {string} name @returns {SVGElement} */
export const icon = (name) =>
  h("svg", { class: "i", "aria-hidden": "true", focusable: "false" }, h("use", { href: iconHref(name) }));

/** Return a number of the address' query, or its text, or null. @param {string} name */
export const queried = (name) => new URLSearchParams(location.search).get(name);

/** Return the address of a file of the pages, in the version that this page was made of. @param {string} name */
export const part = (name) => new URL(`../${name}`, import.meta.url).pathname;

/** Load style sheets, each once; rejects when one cannot be had. @param {...string} names @returns {Promise<unknown>} */
export function sheets(...names) {
  return Promise.all(names.map((name) => new Promise((resolve, reject) => {
    const href = part(`css/${name}.css`);
    const found = /** @type {any} */ ($(`link[href="${href}"]`));
    const link = found ?? h("link", { rel: "stylesheet", href });
    if (found?.sheet) resolve(null);
    link.addEventListener("load", resolve);
    link.addEventListener("error", () => {
      link.remove();
      reject(new Error(`${name}.css could not be loaded`));
    });
    if (!found) document.head.append(link);
  })));
}
