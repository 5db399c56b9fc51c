/**
 * What the tabs of the operator's page have in common: a section that is built again when the language changes,
 * its heading, and a poll that rests while nobody looks.
 */
import { h, icon } from "./dom.js";
import { onLang, t } from "./i18n.js";

/**
 * Mount a tab. `build(view)` fills `view.section`; `view.keep` outlives a change of the language, and
 * `view.signal` is aborted when the tab goes or is built again.
 * @param {HTMLElement} root @param {string} name @param {(view: object) => void} build @returns {() => void} unmount
 */
export function tab(root, name, build) {
  const keep = {};
  let life;
  const again = () => {
    life?.abort();
    life = new AbortController();
    const { signal } = life;
    const section = h("section", { class: `tab tab-${name}`, "aria-labelledby": `${name}-title` });
    root.replaceChildren(section);
    build({ section, keep, signal, poll: (work, seconds) => poll(work, seconds, signal) });
  };
  const off = onLang(again);
  again();
  return () => {
    off();
    life.abort();
    root.replaceChildren();
  };
}

/** The heading of a tab: its name, a sentence, and what can be done with all of it. */
export function heading(name, ...actions) {
  const words = h("div", null, h("h2", { id: `${name}-title` }, t(`${name}.title`)), h("p", null, t(`${name}.sub`)));
  return h("header", { class: "tab-head" }, words, h("div", { class: "tab-actions" }, actions));
}

/**
 * Do `work(signal)` now and again `seconds` after it is done; not while the page is hidden. Returns `now()`,
 * which does it at once, dropping what is under way.
 */
export function poll(work, seconds, signal) {
  let timer = 0;
  let turn = null;
  const now = async () => {
    clearTimeout(timer);
    turn?.abort();
    if (signal.aborted) return;
    const mine = (turn = new AbortController());
    try {
      await work(mine.signal);
    } finally {
      if (turn === mine && !signal.aborted) timer = setTimeout(() => document.hidden || now(), seconds * 1000);
    }
  };
  document.addEventListener("visibilitychange", () => document.hidden || now(), { signal });
  signal.addEventListener("abort", () => (clearTimeout(timer), turn?.abort()));
  now();
  return now;
}

/**
 * Load once for a table: what stands there stays while it is on its way, a failure is said in a sentence.
 * `quiet`: nothing says that it is on its way.
 * @param {{table: any, get: () => Promise<any>, show: (content) => void, signal: AbortSignal, quiet?: boolean}} job
 */
export async function fill({ table, get, show, signal, quiet }) {
  if (!quiet) table.busy();
  try {
    const content = await get();
    if (!signal.aborted) show(content);
  } catch (error) {
    if (signal.aborted) return;
    if (error.name !== "ApiError") throw error;
    table.fail(error.text);
  }
}

/**
 * Return a short mark of a state: a word with its own colour and shape.
 * @param {string} kind @param {string} words @param {string} [title]
 */
export const stateChip = (kind, words, title) =>
  h("span", { class: "mark", "data-kind": kind.toLowerCase(), title }, words);

/** Return the mark of a charging point's status, as on the wall. @param {string} state @param {string} words */
export const statusChip = (state, words) => h("span", { class: "mark status", "data-s": state }, icon(state), words);

/** Return the ids of the charging points that the page knows. */
export const knownIds = (store) => store.cps.filter(Boolean).map((cp) => cp.id);

/** Return a small button for what can be done with a row: `act` keeps its focus when the row changes. */
export function action(act, picture, words, name, work, kind = "ghost") {
  const facts = { type: "button", class: `btn small ${kind}`, "data-act": act, "aria-label": name, title: words };
  const button = h("button", facts, picture, h("span", null, words));
  button.addEventListener("click", async () => {
    button.setAttribute("aria-busy", "true");
    await work();
    button.removeAttribute("aria-busy");
  });
  return button;
}
