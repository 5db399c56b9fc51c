// Dark, light, or as the system says. Remembered in this browser.
import { queried, sheets } from "./dom.js";

const KEPT = "evcharge.theme";
const THEMES = ["auto", "dark", "light"];
const system = matchMedia("(prefers-color-scheme: light)");
const listeners = new Set();
let chosen = [queried("theme"), localStorage.getItem(KEPT)].find((v) => v && THEMES.includes(v)) ?? "auto";

/** Return what was chosen: "auto", "dark" or "light". */
export const theme = () => chosen;

/** Return what is shown: "dark" or "light". */
function shownTheme() {
  if (chosen !== "auto") return chosen;
  return system.matches ? "light" : "dark";
}

/** Choose "auto", "dark" or "light". @param {string} to */
export function setTheme(to) {
  if (!THEMES.includes(to)) return;
  chosen = to;
  localStorage.setItem(KEPT, to);
  show();
}

/** Change between dark and light. */
export const toggleTheme = () => setTheme(shownTheme() === "dark" ? "light" : "dark");

/** Call `fn` after each change; returns how to stop. @param {() => void} fn @returns {() => void} */
export function onTheme(fn) {
  listeners.add(fn);
  return () => listeners.delete(fn);
}

function show() {
  document.documentElement.dataset.theme = shownTheme();
  for (const fn of listeners) fn();
}

const forced = matchMedia("(forced-colors: active)");
const mark = () => forced.matches && sheets("forced").catch(() => {});
forced.addEventListener("change", mark);
mark();
system.addEventListener("change", show);
show();
