// Alerts: the open ones first, until they are solved; then what is restored. A click goes to the charging point.
import { $, h, icon, put } from "../dom.js";
import { duration, unix, when } from "../format.js";
import { either, t } from "../i18n.js";
import { causeTab } from "../cause.js";
import { keyed } from "../keyed.js";

const MOST_OPEN = 100;
const MOST_SOLVED = 25;
const SHOWN_AS = { fault: "faulted", engine: "faulted", monitor: "disconnected" };

/** @param {import("../store.js").Store} store @param {(id: string) => void} onPoint */
export function showAlerts(store, onPoint) {
  const at = (alert) => unix(alert.solved_at ?? alert.since);
  const newest = (a, b) => at(b) - at(a);
  const open = store.alerts.filter(({ solved_at }) => !solved_at).sort(newest);
  const solved = store.alerts.filter(({ solved_at }) => solved_at).sort(newest);
  put($("#alerts-count"), open.length);
  $("#alerts-count").classList.toggle("hot", open.length > 0);
  put($("#alerts-none"), open.length || store.link === "wait" ? "" : t("monitor.no_alerts"));
  const shown = [...open.slice(0, MOST_OPEN), ...solved.slice(0, MOST_SOLVED)];
  const key = ({ id, since, solved_at }) => `${id} ${since} ${solved_at ?? ""}`;
  const known = new Set(store.cps.filter(Boolean).map(({ id }) => id));
  keyed($("#alerts"), shown, key, (alert) => make(alert, known.has(alert.about) ? onPoint : null), (el, alert) => show(el, alert, store.shown()));
}

/** @param {any} alert @param {((id: string) => void)|null} onPoint */
function make(alert, onPoint) {
  const state = alert.solved_at ? "available" : SHOWN_AS[alert.kind] ?? "unavailable";
  const content = [icon(state), h("span", null, h("span", { class: "what" }), h("small")), h("time")];
  // What is about no charging point has its cause on the operator's page.
  const inside = onPoint ? h("button", { type: "button", onclick: () => onPoint(alert.about) }, content) : h("a", { href: `/#${causeTab(alert)}` }, content);
  return h("li", { "data-s": state, "data-alert": alert.id, class: alert.solved_at ? "solved" : null }, inside);
}

/** @param {HTMLElement} el @param {any} alert @param {number} now */
function show(el, alert, now) {
  const [from, until] = [unix(alert.since), unix(alert.solved_at)];
  put(el.querySelector(".what"), (alert.solved_at && either(alert, "restored")) || either(alert, "what"));
  const times = alert.times > 1 ? t("monitor.alert_times", { count: alert.times }) : "";
  const long = alert.solved_at ? t("monitor.alert_solved", { time: duration(until - from) }) : t("monitor.alert_for", { time: duration(now - from) });
  const taken = alert.taken_by && !alert.solved_at && t("monitor.alert_taken", { by: alert.taken_by });
  put(el.querySelector("small"), [long, times, taken].filter(Boolean).join(" · "));
  put(el.querySelector("time"), when(alert.solved_at || alert.since, now));
}
