// Finds charging points, drivers, sessions and rows of the audit log from one box. Each result is a link: it has an
// address, and Back leads back.
import { h, icon, put, set } from "./dom.js";
import { audit, drivers, points, sessions } from "./find_sources.js";
import { t } from "./i18n.js";

const PAUSE_MS = 200;
// So many of a kind are shown: whoever types on sees the others.
const FEW = 6;

/** Let `input`, in its `box`, show what it finds. @param {HTMLElement} box @param {HTMLInputElement} input @param {import("./store.js").Store} store */
export function finder(box, input, store) {
  const list = h("div", { id: "found", class: "found", role: "listbox", "aria-label": t("find.name"), hidden: true });
  const said = h("span", { class: "sr-only", role: "status" });
  for (const [name, value] of Object.entries({ role: "combobox", "aria-controls": "found", "aria-expanded": "false", "aria-autocomplete": "list" })) set(input, name, value);
  box.append(list, said);
  let timer = 0;
  let asking = new AbortController();
  /** @type {HTMLElement[]} */ let links = [];
  let at = -1;

  const point = (to) => {
    at = to;
    links.forEach((link, k) => set(link, "aria-selected", String(k === at)));
    if (at < 0) input.removeAttribute("aria-activedescendant");
    else {
      set(input, "aria-activedescendant", links[at].id);
      links[at].scrollIntoView({ block: "nearest" });
    }
  };
  const open = (yes) => {
    list.hidden = !yes;
    set(input, "aria-expanded", String(yes));
    if (!yes) point(-1);
  };
  const show = (groups) => {
    const full = groups.filter(([, rows]) => rows.length);
    list.replaceChildren(...full.map(([name, rows]) => group(name, rows)));
    links = [.../** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("a"))];
    links.forEach((link, k) => set(link, "id", `found-${k}`));
    point(-1);
    if (!links.length) list.replaceChildren(h("p", { class: "mute" }, t("find.nothing")));
    open(document.activeElement === input);
    put(said, t("find.count", { count: full.reduce((sum, [, rows]) => sum + rows.length, 0) }));
  };
  const look = async () => {
    const text = input.value.trim();
    asking.abort();
    asking = new AbortController();
    if (text.length < 2) return open(false);
    const { signal } = asking;
    const groups = [["points", points(store, text)]];
    show(groups);
    const rest = await Promise.allSettled([drivers(text, signal), sessions(store, text, signal), audit(store, text, signal)]);
    if (signal.aborted) return;
    const names = ["drivers", "sessions", "audit"];
    show([...groups, ...rest.map((one, k) => [names[k], one.status === "fulfilled" ? one.value : []])]);
  };
  input.addEventListener("input", () => (clearTimeout(timer), (timer = setTimeout(look, PAUSE_MS))));
  input.addEventListener("focus", look);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      // What is still to come does not open it again. The key then leaves the box, as it does everywhere.
      clearTimeout(timer);
      asking.abort();
      open(false);
    }
    if (list.hidden) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && links.length) point((at + step + links.length + (at < 0 && step < 0 ? 1 : 0)) % links.length);
    else if (event.key === "Enter" && at >= 0) links[at].click();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  list.addEventListener("click", ({ target }) => {
    if (!(/** @type {Element} */ (target).closest("a"))) return;
    open(false);
    input.blur();
  });
  addEventListener("pointerdown", ({ target }) => box.contains(/** @type {Node} */ (target)) || open(false));
  addEventListener("focusin", ({ target }) => box.contains(/** @type {Node} */ (target)) || open(false));
  if (document.activeElement === input) look();
}

/** @param {string} name @param {import("./find_sources.js").Found[]} rows */
function group(name, rows) {
  const line = ({ href, text, more, picture, s }) =>
    h("a", { href, role: "option", "aria-selected": "false", tabindex: -1, "data-s": s }, icon(picture), h("b", null, text), more && h("small", null, more));
  const rest = rows.length - FEW;
  return h("div", { role: "group", "aria-label": t(`find.${name}`), "data-group": name },
    h("h3", { "aria-hidden": "true" }, t(`find.${name}`)), rows.slice(0, FEW).map(line),
    rest > 0 && h("p", { class: "mute", "aria-hidden": "true" }, t("find.more", { count: rest })));
}
