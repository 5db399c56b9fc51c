// The operator's page: builds the frame, the wall and the tabs, and binds the keys.
import { may } from "../account.js";
import { address, asked } from "../address.js";
import { $, h, icon, queried, sheets } from "../dom.js";
import { labelled, t, use, words } from "../i18n.js";
import { keys } from "../keys.js";
import { later } from "../later.js";
import { toast } from "../notes.js";
import { Router } from "../router.js";
import { startShell } from "../shell.js";
import { keptLines } from "../spark.js";
import { BY_URGENCY, STATES } from "../states.js";
import { Store } from "../store.js";
import { entitle } from "../title.js";
import { WallView } from "../wall_view.js";
import { openNamed } from "../wall_ways.js";

// The socket and the words come at the same time.
const store = new Store();
store.reach();
await use("wall");

const TABS = {
  history: () => import("./history.js"),
  stats: () => import("./stats.js"),
  drivers: () => import("./drivers.js"),
  weather: () => import("./weather.js"),
  audit: () => import("./audit.js"),
  registration: () => import("./registration.js"),
};
const tab = (name) => ({ href: `#${name}`, icon: name, key: `nav.${name}` });
const NAV = [...["wall", ...Object.keys(TABS)].map(tab), { href: "/monitor", icon: "monitor", key: "shell.monitor_page", far: true }];
/** @type {[string, string][]} */ const KEYS = [
  ["/", "key.search"], ["d", "key.density"], ["0 1 2 3 4 5 6", "key.filter"], ["← ↑ → ↓", "key.arrows"],
  ["Enter", "key.enter"], ["Esc", "key.esc"],
];

const shell = startShell({ store, title: "page.title", subtitle: "page.subtitle", nav: NAV, packs: [], keys: KEYS });
// Not after it: it waits for Central as long as it takes, and says meanwhile that Central is not there.
store.connect();
const { actions, menu } = await shell;
const [home, root] = ["#home", "#tabs"].map((id) => $(id));
const view = new WallView(home, store);

const search = h("input", {
  id: "search", type: "search", autocomplete: "off", spellcheck: "false", maxlength: 80, "data-t-placeholder": "wall.search",
  placeholder: t("wall.search"), ...labelled("wall.search"),
  oninput: (event) => document.body.dataset.tab === "wall" && view.pick.search(event.target.value),
  onfocus: find,
});
const wished = asked();
const shown = STATES.indexOf(wished.get("show") ?? "");
if (shown >= 0) view.pick.only(shown);
if (wished.has("q")) view.pick.search((search.value = wished.get("q")));
// The cross of the field, and Esc in it, empty it.
view.pick.addEventListener("change", () => {
  const { status, text } = view.pick;
  if (document.body.dataset.tab === "wall") address({ show: status === null ? "" : STATES[status], q: text });
  if (!view.pick.text && document.activeElement !== search) search.value = "";
});
let finds = false;
/** What searches beyond the wall is loaded when somebody comes to the box. */
async function find() {
  if (finds) return;
  finds = true;
  try {
    const [{ finder }] = await Promise.all([import("../find.js"), sheets("find"), use("find", "tabs", "drivers", "codes", "audit")]);
    finder(box, search, store);
  } catch {
    finds = false;
  }
}
/** Commands are loaded when the first one is given. @param {string} name `outAll` or `resumeAll` */
async function all(name) {
  try {
    const [commands] = await Promise.all([import("../commands.js"), use("drawer")]);
    await commands[name](store.cps);
  } catch {
    toast(t("tab.failed"), "bad");
  }
}
const ORDERS = may("operator") ? [["out-all", "wall.out_all", "warn", "outAll", "stop"], ["resume-all", "wall.resume_all", "go", "resumeAll", "play"]] : [];
const button = (key, fn, attrs, picture) => h("button", { ...attrs, type: "button", onclick: () => all(fn) }, picture && icon(picture), words("span", key));
const buttons = ORDERS.map(([id, key, kind, fn]) => button(key, fn, { id, class: kind }));
const box = h("div", { class: "find" }, h("label", { class: "search" }, icon("search"), search, h("kbd", { "aria-hidden": "true" }, "/")));
actions.append(box, view.views.switch, ...buttons);
// On a phone the header has no room for them.
menu.push(...ORDERS.map(([, key, , fn, picture]) => button(key, fn, { class: "phone" }, picture)));

if (queried("kiosk") === "1") await (await import("../kiosk.js")).kiosk(store);
const router = new Router(home, root, store, TABS, (name) => {
  const here = name === "wall";
  document.body.dataset.tab = name;
  entitle({ what: () => t(here ? "page.title" : `nav.${name}`) });
  for (const el of [view.views.switch, ...buttons]) el.hidden = !here;
  if (here && store.rev >= 0) view.resume();
  if (here) follow();
});
const filters = BY_URGENCY.map((status, k) => [String(k + 1), () => view.pick.only(status)]);
keys({ "/": () => search.focus() });
keys({
  d: () => view.views.next(),
  0: () => view.pick.clear(),
  Escape: () => view.pick.clear(),
  ...Object.fromEntries(filters),
}, () => router.current === "wall");
if (store.rev >= 0) view.rebuild();
await router.go();
/** Open what the address names. */
function follow() {
  if (document.body.dataset.tab === "wall") openNamed(view);
}
store.addEventListener("snapshot", follow, { once: true });
const lines = () => later(() => keptLines(store));
if (store.rev >= 0) lines();
else store.addEventListener("snapshot", lines, { once: true });
addEventListener("popstate", follow);
follow();

/** For the tests: what the page knows, and how long it took. */
Object.assign(globalThis, { evcharge: { store, view, router } });
