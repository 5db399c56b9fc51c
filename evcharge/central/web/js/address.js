// Everything that is looked at has an address: #tab?name=value. Back closes what was opened, a copied link opens it.
import { entitle } from "./title.js";

/** What is opened over a tab; the rest are its filters. */
const OPENED = ["cp", "session"];

/** Return the values that the address names. @param {string} [url] */
export const asked = (url = location.hash) => new URLSearchParams(url.split("#")[1]?.split("?")[1] ?? "");

/** Return the filters that an address names, as text to compare. @param {string} url */
export function filtersOf(url) {
  const params = asked(url);
  for (const name of OPENED) params.delete(name);
  return String(params);
}

/** Let the address name these values; empty ones leave it. @param {Record<string, string>} values @param {boolean} [anew] as a step to go back from */
export function address(values, anew = false) {
  const params = asked();
  for (const [name, value] of Object.entries(values)) {
    if (value) params.set(name, value);
    else params.delete(name);
  }
  const named = location.hash.slice(1).split("?")[0];
  const tab = named || (params.size ? document.body.dataset.tab : "");
  const hash = tab ? `#${tab}${params.size ? `?${params}` : ""}` : "";
  history[anew ? "pushState" : "replaceState"](null, "", location.pathname + location.search + hash);
}

/** Name what an open dialog shows, until it is closed; Back closes it. @param {HTMLDialogElement} dialog @param {string} name @param {string} value */
export function named(dialog, name, value) {
  const here = () => asked().get(name) === value;
  const opened = !here();
  if (opened) address({ [name]: value }, true);
  entitle({ detail: value });
  const back = () => here() || dialog.close();
  addEventListener("popstate", back);
  dialog.addEventListener("close", () => {
    removeEventListener("popstate", back);
    entitle({ detail: "" });
    if (!here()) return;
    // Going back to "#history" gives the focus to the element of that name: whoever had it gets it again.
    const held = /** @type {HTMLElement|null} */ (document.activeElement);
    if (opened) addEventListener("hashchange", () => held?.focus(), { once: true });
    if (opened) history.back();
    else address({ [name]: "" });
  }, { once: true });
}
