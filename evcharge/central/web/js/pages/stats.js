// What the network did, by day and by charging point, in the last 7, 30 or 90 days.
import { get, query } from "../api.js";
import { h, put } from "../dom.js";
import { dayPlus } from "../dates.js";
import { duration, percent } from "../format.js";
import { t } from "../i18n.js";
import { powerDay } from "../power_day.js";
import { dayCharts } from "../stats_charts.js";
import { pointColumns, total } from "../stats_points.js";
import { fill, heading, poll, tab } from "../tab.js";
import { Table } from "../table.js";

const PERIODS = [7, 30, 90];
const AGAIN_S = 15;

/** Show the tab in `root`. @param {HTMLElement} root @param {any} store @returns {() => void} unmount */
export function mount(root, store) {
  return tab(root, "stats", (view) => build(view, store));
}

function build({ section, keep, signal }, store) {
  keep.days ??= 30;
  keep.cp ??= "";
  const period = picker(keep, () => now());
  const charts = dayCharts();
  const power = powerDay();
  const back = h("button", { type: "button", class: "btn ghost", onclick: () => choose("") }, t("stats.every"));
  const chosen = h("p", { class: "stats-chosen" }, h("b"), back);
  const figures = h("dl", { class: "figures" });
  const table = new Table({
    caption: t("stats.by_cp"),
    columns: pointColumns(store),
    key: (row) => row.cp_id,
    empty: t("stats.empty"),
    sorted: ["cp", 1],
    onOpen: (row) => choose(row.cp_id),
  });
  const choose = (cp) => {
    keep.cp = cp;
    now();
    if (cp) section.querySelector("h2").scrollIntoView({ block: "nearest" });
  };
  const load = async (turn) => {
    const { days, cp } = keep;
    chosen.hidden = !cp;
    put(chosen.firstChild, t("stats.only", { cp }));
    const ask = (more) => get(query("/api/stats", { days, ...more }), turn);
    const asking = () => Promise.all([ask(), cp && ask({ cp_id: cp })]);
    const show = ([all, one]) => {
      const shown = one || all;
      const rows = cp ? all.cps.filter((row) => row.cp_id === cp) : all.cps;
      const to = all.today.day;
      charts.show(shown.days, { from: dayPlus(to, 1 - days), to });
      figures.replaceChildren(...sums(shown, rows));
      table.set(all.cps);
    };
    const both = { busy: () => table.busy(), fail: (text) => (table.fail(text), charts.fail(text)) };
    power.load(turn);
    await fill({ table: both, signal: turn, quiet: table.rows.length > 0, get: asking, show });
  };
  section.append(heading("stats", period), chosen, figures, power.element, charts.element, h("h3", null, t("stats.by_cp")), table.element);
  figures.replaceChildren(...sums({ days: [], availability: null }, []));
  const now = poll(load, AGAIN_S, signal);
}

function picker(keep, changed) {
  const button = (days) => {
    const facts = { type: "button", "aria-pressed": String(keep.days === days), onclick: () => pick(days) };
    return h("button", facts, t("stats.days", { days }));
  };
  const pick = (days) => {
    keep.days = days;
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(PERIODS[i] === days)));
    changed();
  };
  const buttons = PERIODS.map(button);
  return h("div", { class: "seg", role: "group", "aria-label": t("stats.period") }, buttons);
}

/** The sums of the period, above the charts. */
function sums({ days, availability }, rows) {
  const sum = total(days);
  const faults = rows.reduce((n, row) => n + row.faults, 0);
  const broken = rows.reduce((s, row) => s + (row.mean_fault_s ?? 0) * row.faults, 0);
  const figure = (key, value, small) => {
    const shown = h("dd", null, h("b", null, value), small && h("small", null, small));
    return h("div", null, h("dt", null, t(`stats.${key}`)), shown);
  };
  const mean = faults ? t("stats.mean_fault", { time: duration(broken / faults) }) : rows.length ? t("stats.no_faults") : "";
  return [
    figure("energy", sum.energy),
    figure("revenue", sum.revenue, sum.each),
    figure("sessions", sum.sessions),
    figure("availability", availability === null || availability === undefined ? "–" : percent(availability)),
    figure("faults", rows.length ? String(faults) : "–", mean),
  ];
}
