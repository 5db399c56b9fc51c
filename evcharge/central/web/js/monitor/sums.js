// The whole network in five figures.
import { $, h, put, set } from "../dom.js";
import { duration, number, percent } from "../format.js";
import { counted, t, words } from "../i18n.js";
import { ENGINE, FAULTED, MONITOR } from "../states.js";

const NAMES = ["monitors", "engines", "faulted", "mean", "available"];
/** @type {Record<string, {box: HTMLElement, value: HTMLElement, more: HTMLElement, bar: SVGElement}>} */
const made = {};

function build() {
  for (const name of NAMES) {
    const [value, more] = [h("b"), h("small")];
    const bar = h("rect", { height: 4, width: 0, rx: 2 });
    const track = h("svg", { class: "share", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" }, bar);
    const box = h("div", { class: "sum", "data-sum": name }, words("h2", `monitor.sum.${name}`), h("p", null, value, " ", more), track);
    made[name] = { box, value, more, bar };
  }
  $("#sums").replaceChildren(...NAMES.map((name) => made[name].box));
}

/** @param {import("../store.js").Store} store @param {import("./usage.js").Usage} usage */
export function showSums(store, usage) {
  if (!made.monitors) build();
  const cps = store.cps.filter(Boolean);
  const count = (bit) => cps.reduce((sum, { flags }) => sum + (flags & bit ? 1 : 0), 0);
  const of = t("monitor.sum.of", { count: number(cps.length) });
  const faulted = cps.filter(({ s }) => s === FAULTED).length;
  one("monitors", number(count(MONITOR)), of, count(MONITOR) / cps.length, count(MONITOR) < cps.length);
  one("engines", number(count(ENGINE)), of, count(ENGINE) / cps.length, count(ENGINE) < cps.length);
  one("faulted", number(faulted), of, faulted / cps.length, faulted > 0);
  const { faults, mean_s } = usage.mean;
  one("mean", faults ? duration(mean_s) : "–", faults ? counted("monitor.sum.faults", faults, { count: number(faults) }) : t("monitor.sum.none"), null, false);
  const share = store.kpi.availability ?? 0;
  one("available", percent(share), t("monitor.sum.now"), share, false);
}

/** @param {string} name @param {string} value @param {string} more @param {number|null} share @param {boolean} bad */
function one(name, value, more, share, bad) {
  const { box, bar } = made[name];
  put(made[name].value, value);
  put(made[name].more, more);
  set(box, "data-bad", String(bad));
  set(bar, "width", ((Number.isFinite(share) ? share ?? 0 : 0) * 100).toFixed(1));
  bar.parentElement?.toggleAttribute("hidden", share === null);
}
