// The monitor's page: the health of every charging point. It shows; orders are given on Central's page.
import { $ } from "../dom.js";
import { onLang, use } from "../i18n.js";
import { keys } from "../keys.js";
import { startShell } from "../shell.js";
import { Store } from "../store.js";
import { onTheme } from "../theme.js";
import { showAlerts } from "../monitor/alerts.js";
import { List } from "../monitor/list.js";
import { Past } from "../monitor/past.js";
import { Point } from "../monitor/point.js";
import { showSums } from "../monitor/sums.js";
import { troubled } from "../monitor/truth.js";
import { Usage } from "../monitor/usage.js";

await use("monitor");

const narrow = matchMedia("(max-width: 900px)");
const store = new Store();
const past = new Past(() => store.now());
const usage = new Usage();
const list = new List(store, past, choose);
const point = new Point(past, usage, back);
let epoch = "";
let painting = 0;

/** @param {string} id */
function choose(id) {
  if (chosenId() === id) return show(true);
  location.hash = encodeURIComponent(id);
}

function back() {
  const id = list.chosen;
  history.replaceState(null, "", location.pathname + location.search);
  show(false);
  list.rows.get(id)?.querySelector("button")?.focus();
}

function chosenId() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

/** Show the charging point of the address; on a wide screen, without one, the first that has trouble. @param {boolean} [moved] */
function show(moved = false) {
  const id = chosenId();
  const cps = store.cps.filter(Boolean);
  const named = cps.find((cp) => cp.id === id);
  const cp = named ?? (narrow.matches ? undefined : cps.find((one) => one.id === list.chosen) ?? cps.find(troubled) ?? cps[0]);
  document.body.dataset.view = named ? "point" : "list";
  list.choose(cp?.id ?? "");
  point.show(cp, store.shown());
  if (moved && named && narrow.matches) {
    scrollTo(0, 0);
    $("#point").focus();
  }
}

function paint() {
  painting = 0;
  list.arrange();
  showSums(store, usage);
  showAlerts(store, choose);
  show();
}

const repaint = () => {
  painting ||= requestAnimationFrame(paint);
};

store.addEventListener("snapshot", () => {
  // What happened while the page was away is in the books, not in the frames.
  past.clear();
  if (store.epoch !== epoch) usage.load();
  epoch = store.epoch;
  repaint();
});
store.addEventListener("rows", (event) => {
  for (const i of /** @type {CustomEvent} */ (event).detail) past.follow(store.cps[i]);
  repaintSoon();
});
for (const name of ["points", "alerts"]) store.addEventListener(name, repaint);
store.addEventListener("kpi", repaintSoon);
past.addEventListener("day", repaintSoon);
usage.addEventListener("change", repaint);
addEventListener("hashchange", () => show(true));
narrow.addEventListener("change", repaint);
for (const again of [onLang, onTheme]) {
  again(() => {
    point.forget();
    repaint();
  });
}
keys({ Escape: () => document.body.dataset.view === "point" && narrow.matches && back() });
setInterval(repaint, 1000);

let soon = 0;
/** Rows come ten times a second; four paintings a second are enough for a reader. */
function repaintSoon() {
  soon ||= setTimeout(() => {
    soon = 0;
    repaint();
  }, 250);
}

store.connect();
await startShell({
  store, title: "monitor.page", subtitle: "monitor.subtitle",
  keys: [["/", "monitor.key.search"], ["↑ ↓", "monitor.key.arrows"], ["Enter", "monitor.key.enter"], ["p", "monitor.key.trouble"]],
});
