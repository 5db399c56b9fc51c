// Energy, revenue and sessions a day: three charts, and the same numbers as a table.
import { barChart } from "./chart.js";
import { h } from "./dom.js";
import { dayNamed, dayPlus, dayShort } from "./dates.js";
import { euros, kwh, money, number } from "./format.js";
import { t } from "./i18n.js";
import { s } from "./chart_parts.js";
import { Table } from "./table.js";

const KINDS = [
  { name: "energy", tone: 1, of: (row) => row.energy_mwh, words: kwh, axis: (mwh) => axis(mwh / 1e6, "kWh") },
  { name: "revenue", tone: 2, of: (row) => row.revenue_cents, words: euros, axis: (cents) => money(cents / 100, decimals(cents / 100)) },
  { name: "sessions", tone: 4, of: (row) => row.sessions, words: (n) => number(n), axis: (n) => axis(n, "") },
];

const decimals = (value) => (Number.isInteger(value) ? 0 : value < 1 ? 2 : 1);
const axis = (value, unit) => `${number(value, decimals(value))}${unit && ` ${unit}`}`;

/** Return {element, show(days, span)}: `days` as the API gives them, `span` the days asked for. */
export function dayCharts() {
  const charts = KINDS.map((kind) => ({ ...kind, svg: s("svg") }));
  const card = ({ name, svg }) => h("figure", { class: "card" }, h("figcaption", null, t(`stats.${name}_day`)), svg);
  const cards = charts.map(card);
  const numbers = h("details", { class: "numbers" }, h("summary", null, t("stats.numbers")));
  const table = new Table({
    caption: t("stats.by_day"),
    columns: [
      { id: "day", head: t("stats.day"), cell: (row) => dayNamed(row.day) },
      ...KINDS.map(amount),
    ],
    key: (row) => row.day,
    empty: t("stats.empty"),
  });
  numbers.append(table.element);
  const show = (days, span) => {
    const every = withGaps(days, span);
    for (const { name, tone, of, words, axis: y, svg } of charts) {
      const bars = every.map((row) => ({
        label: dayShort(row.day),
        head: dayNamed(row.day) + (row.day === span.to ? ` · ${t("stats.so_far")}` : ""),
        value: of(row),
        text: words(of(row)),
        partial: row.day === span.to,
      }));
      barChart(svg, { label: t(`stats.${name}_day`), bars, y, tone, whole: name === "sessions" });
    }
    table.set([...every].reverse());
  };
  return { element: h("div", null, h("div", { class: "cards" }, cards), numbers), show, fail: (text) => table.fail(text) };
}

function amount({ name, of, words }) {
  return { id: name, head: t(`stats.${name}`), number: true, cell: (row) => words(of(row)) };
}

/** A day on which nothing happened is a day with zeros. */
function withGaps(days, { from, to }) {
  const known = new Map(days.map((row) => [row.day, row]));
  const every = [];
  for (let name = from; ; name = dayPlus(name, 1)) {
    every.push(known.get(name) ?? { day: name, sessions: 0, energy_mwh: 0, revenue_cents: 0 });
    if (name >= to) return every;
  }
}
