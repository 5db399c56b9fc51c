// The words of the page in two languages, changed without loading anything again.
import { $$, h, queried } from "./dom.js";

/** @typedef {Record<string, string>} Words */

/** @type {Record<string, Words>} */
const WORDS = { en: {}, es: {} };
/** Parts of the words, loaded in the languages that are looked at. */
const parts = new Set(["", "_terms"]);
const loaded = new Set();
const KEPT = "evcharge.lang";
const ATTRIBUTES = { t: null, tLabel: "aria-label", tPlaceholder: "placeholder", tTitle: "title" };
const listeners = new Set();
let current = first();

function first() {
  const wanted = [queried("lang"), localStorage.getItem(KEPT), ...navigator.languages.map((l) => l.slice(0, 2))];
  // The page is served in Central's own language.
  return [...wanted, document.documentElement.lang].find((l) => l && Object.hasOwn(WORDS, l)) ?? "en";
}

/** Return the language of the page: "en" or "es". */
export const lang = () => current;

/** Return how numbers and dates are written: as in the reader's own country, where its language is that of the page. */
export const locale = () => navigator.languages.find((l) => l.startsWith(`${current}-`)) ?? { en: "en-GB", es: "es-ES" }[current];

/** Load every part in one language, also those that are asked for meanwhile. @param {string} to */
async function load(to) {
  for (;;) {
    const wanted = [...parts].filter((part) => !loaded.has(to + part));
    if (!wanted.length) return;
    await Promise.all(wanted.map(async (part) => {
      const module = await import(`./words/${to}${part}.js`);
      Object.assign(WORDS[to], module.default);
      loaded.add(to + part);
    }));
  }
}

/** Load words/en_<name>.js or words/es_<name>.js, now and in other languages later. @param {string} name */
export async function use(name) {
  parts.add(`_${name}`);
  await load(current);
  say(document);
}

/**
 * Change the language: every element with a data-t… key, then every listener. Remembered. Without its words
 * (Central may be gone) the language stays as it is.
 * @param {string} to
 */
export async function setLang(to) {
  if (!Object.hasOwn(WORDS, to)) return;
  try {
    await load(to);
  } catch {
    return;
  }
  current = to;
  localStorage.setItem(KEPT, to);
  document.documentElement.lang = to;
  say(document);
  for (const fn of listeners) fn(to);
}

/** Call `fn` after each change of the language; returns how to stop. @param {(lang: string) => void} fn @returns {() => void} */
export function onLang(fn) {
  listeners.add(fn);
  return () => listeners.delete(fn);
}

/** Add a page's own words. @param {{en: Words, es: Words}} more */
export function add(more) {
  Object.assign(WORDS.en, more.en);
  Object.assign(WORDS.es, more.es);
  say(document);
}

/** Return the words of `key`, or the key. @param {string} key @param {Record<string, string|number>} [values] fill in {names} */
export function t(key, values) {
  const text = WORDS[current][key] ?? key;
  return values ? text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole)) : text;
}

/** Return the words of `key` for so many: `key_one`, … where the language has them. @param {string} key @param {number} n @param {Record<string, string|number>} values */
export function counted(key, n, values) {
  const form = `${key}_${new Intl.PluralRules(locale()).select(n)}`;
  return t(has(form) ? form : key, values);
}

/** Say whether there are words for `key`. @param {string} key */
export const has = (key) => Object.hasOwn(WORDS[current], key);

/** Return the words of `prefix.code`, or the code itself when a newer program sent it. @param {string} prefix @param {string} code */
export const term = (prefix, code) => (has(`${prefix}.${code}`) ? t(`${prefix}.${code}`) : code);

/** Return which of a row's two texts fits the language: row[name] or row[name + "_es"]. @param {any} row @param {string} name */
export const either = (row, name) => (current === "es" && row[`${name}_es`]) || row[name] || "";

/**
 * Return an element that shows `key` and follows the language.
 * @param {string} tag @param {string} key @param {Record<string, any>} [attrs]
 */
export const words = (tag, key, attrs) => h(tag, { ...attrs, "data-t": key }, t(key));

/** Return the attributes that name an element to screen readers, and follow the language. @param {string} key */
export const labelled = (key) => ({ "data-t-label": key, "aria-label": t(key) });

/** Fill in every data-t… under `root`. @param {ParentNode} root */
export function say(root) {
  for (const el of $$("[data-t], [data-t-label], [data-t-placeholder], [data-t-title]", root)) {
    for (const [name, attribute] of Object.entries(ATTRIBUTES)) {
      const key = el.dataset[name];
      if (!key) continue;
      if (attribute) el.setAttribute(attribute, t(key));
      else el.textContent = t(key);
    }
  }
}

document.documentElement.lang = current;
await load(current);
say(document);
