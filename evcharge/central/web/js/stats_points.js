// The columns of the table of charging points: what each sold, and how it spent its time.
import { stateStrip } from "./chart.js";
import { s } from "./chart_parts.js";
import { duration, euros, kwh, number, percent } from "./format.js";
import { t } from "./i18n.js";

const SHARES = ["charging", "preparing", "finishing", "available", "out", "faulted", "disconnected"];
const STATES = { out: "unavailable", no_data: "unknown" };

/** Sums of the days, in words; dashes while there are none. */
export function total(days) {
  const sum = (name) => days.reduce((n, day) => n + day[name], 0);
  if (!days.length) return { sessions: "–", energy: "–", revenue: "–", each: "" };
  const [sessions, revenue] = [sum("sessions"), sum("revenue_cents")];
  const each = sessions ? t("stats.each", { revenue: euros(revenue / sessions) }) : "";
  return { sessions: number(sessions), energy: kwh(sum("energy_mwh")), revenue: euros(revenue), each };
}

const known = (row) => SHARES.reduce((n, name) => n + (row[`${name}_s`] ?? 0), 0);
const serving = (row) => row.available_s + row.charging_s + (row.preparing_s ?? 0) + (row.finishing_s ?? 0);
const inService = (row) => (known(row) ? serving(row) / known(row) : -1);

/** @param {any} store for the places of the charging points */
export function pointColumns(store) {
  let places = new Map();
  const place = (id) => {
    if (places.size !== store.cps.length) places = new Map(store.cps.filter(Boolean).map((cp) => [cp.id, cp.location]));
    return places.get(id) ?? "";
  };
  const column = (id, head, value, words) => {
    const cell = (row) => words(value(row));
    return { id, head: t(`stats.${head}`), number: true, cell, sort: value };
  };
  return [
    { id: "cp", head: t("history.cp"), cell: (row) => row.cp_id, sort: (row) => row.cp_id },
    { id: "where", head: t("stats.place"), cell: (row) => place(row.cp_id), sort: (row) => place(row.cp_id) },
    column("n", "sessions", (row) => row.sessions, (n) => number(n)),
    column("kwh", "energy", (row) => row.energy_mwh, kwh),
    column("eur", "revenue", (row) => row.revenue_cents, euros),
    column("ok", "availability", inService, (share) => (share < 0 ? "–" : percent(share, 1))),
    { id: "time", head: t("stats.time"), wide: true, cell: strip },
    column("faults", "faults", (row) => row.faults, (n) => number(n)),
    column("mean", "mean", (row) => row.mean_fault_s ?? -1, (seconds) => (seconds < 0 ? "–" : duration(seconds))),
  ];
}

/** One bar of the whole time, divided by status; the words of it are its accessible name. */
function strip(row) {
  const whole = known(row) + (row.no_data_s ?? 0);
  if (!whole) return "–";
  const svg = s("svg", { class: "share" });
  const spans = [];
  const words = [];
  let at = 0;
  for (const name of [...SHARES, "no_data"]) {
    const seconds = row[`${name}_s`];
    if (!seconds) continue;
    const text = `${t(`stats.${name}`)} ${percent(seconds / whole)} (${duration(seconds)})`;
    spans.push({ s: STATES[name] ?? name, from: at, until: (at += seconds), text });
    words.push(text);
  }
  stateStrip(svg, { label: words.join(", "), spans, from: 0, until: whole, keys: false });
  return svg;
}
