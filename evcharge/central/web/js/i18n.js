// The words of the page in the language of its reader, changed without loading anything again.
import { $$, h, put, queried } from "./dom.js";
import { signed } from "./zone.js";

/**
 * The languages that the pages are offered in, complete by test: each by its own name, and the country that says how
 * numbers and dates are written unless the browser names one. @type {Record<string, [string, string]>}
 */
const LANGUAGES = {
  en: ["English", "GB"],
  es: ["Español", "ES"],
  de: ["Deutsch", "DE"],
  fr: ["Français", "FR"],
  pt: ["Português", "PT"],
  ca: ["Català", "ES"],
};
/** @type {Record<string, Record<string, string>>} */
const WORDS = Object.fromEntries(Object.keys(LANGUAGES).map((one) => [one, {}]));
/** Parts of the words, loaded in the languages that are looked at; those that a page names are asked for with the first. */
const parts = new Set(["", "_terms", ...(document.documentElement.dataset.words?.split(" ") ?? []).map((name) => `_${name}`)]);
const loaded = new Set();
const KEPT = "evcharge.lang";
const ATTRIBUTES = { t: null, tLabel: "aria-label", tPlaceholder: "placeholder", tTitle: "title" };
const listeners = new Set();
let current = first();

function first() {
  const wanted = [queried("lang"), localStorage.getItem(KEPT), ...navigator.languages.map((l) => l.split("-")[0])];
  // The page is served in Central's own language.
  return [...wanted, document.documentElement.lang].find((l) => l && Object.hasOwn(WORDS, l)) ?? "en";
}

/** Return the language of the page: "en", "es", … */
export const lang = () => current;

/** Return how numbers and dates are written: as in the reader's own country, where its language is that of the page. */
export const locale = () => navigator.languages.find((l) => l.startsWith(`${current}-`)) ?? `${current}-${LANGUAGES[current][1]}`;

/** Load every part in one language, also those that are asked for meanwhile. @param {string} to */
async function load(to) {
  for (;;) {
    const wanted = [...parts].filter((part) => !loaded.has(to + part));
    if (!wanted.length) return;
    await Promise.all(wanted.map(async (part) => {
      Object.assign(WORDS[to], signed((await import(`./words/${to}${part}.js`)).default, to));
      loaded.add(to + part);
    }));
  }
}

/** Load words/<language>_<name>.js, now and in other languages later. @param {...string} names */
export async function use(...names) {
  for (const name of names) parts.add(`_${name}`);
  await load(current);
  say(document);
}

/**
 * Change the language: every element with a data-t… key, then every listener. Remembered. Without its words
 * (Central may be gone) the language stays as it is.
 * @param {string} to
 */
export async function setLang(to) {
  if (!Object.hasOwn(WORDS, to) || !(await load(to).then(() => true, () => false))) return;
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

/** Change to the next of the languages. */
export function nextLang() {
  const all = Object.keys(LANGUAGES);
  return setLang(all[(all.indexOf(current) + 1) % all.length]);
}

/** Return the control that shows which language it is, and has another chosen by its own name. */
export function languageChoice() {
  const code = h("span", { "aria-hidden": "true" });
  const names = Object.entries(LANGUAGES).map(([one, [name]]) => h("option", { value: one, lang: one }, name));
  const choice = h("select", { id: "lang", ...labelled("shell.language"), onchange: () => setLang(choice.value).then(show) }, names);
  const show = () => {
    put(code, current.toUpperCase());
    choice.value = current;
  };
  onLang(show);
  show();
  return h("label", { class: "btn square language" }, code, choice);
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

/** Return which of a row's texts fits the language: row[name + "_es"] and so on, or row[name]. @param {any} row @param {string} name */
export const either = (row, name) => row[`${name}_${current}`] || row[name] || "";

/** Return which of a text's languages fits: texts.es and so on, or English. @param {any} texts @returns {string|undefined} */
export const fitting = (texts) => texts?.[current] ?? texts?.en;
/** Return what a peer said in the language of the page, where Central knows it, or else as it was said. @param {string} text @param {Record<string, string>} [others] */
export const told = (text, others) => others?.[current] ?? text;

/** Return what stands behind `prefix` in the keys of the words. @param {string} prefix */
export const named = (prefix) => Object.keys(WORDS[current]).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));

/**
 * Return an element that shows `key` and follows the language.
 * @param {string} tag @param {string} key @param {Record<string, any>} [attrs]
 */
export const words = (tag, key, attrs) => h(tag, { ...attrs, "data-t": key }, t(key));

/** Return the attributes that name an element to screen readers, and follow the language. @param {string} key */
export const labelled = (key) => ({ "data-t-label": key, "aria-label": t(key) });

/** Fill in every data-t… under `root` whose words are there by now. @param {ParentNode} root */
export function say(root) {
  for (const el of $$("[data-t], [data-t-label], [data-t-placeholder], [data-t-title]", root)) {
    for (const [name, attribute] of Object.entries(ATTRIBUTES)) {
      const key = el.dataset[name];
      if (!key || !has(key)) continue;
      if (attribute) el.setAttribute(attribute, t(key));
      else el.textContent = t(key);
    }
  }
}

document.documentElement.lang = current;
await load(current);
say(document);
