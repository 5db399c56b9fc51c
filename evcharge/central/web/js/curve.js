// The course of a charge: its power over its whole time, with what happened on it.
import { lineChart } from "./chart.js";
import { h } from "./dom.js";
import { clock, dateTime, kw, kwh, percent, unix } from "./format.js";
import { t } from "./i18n.js";

/** What is marked on the curve. */
const MARKED = new Set([
  "SessionStarted", "SessionInterrupted", "FaultReported", "FaultCleared", "EngineLost", "EngineConnected", "MonitorLost",
  "MonitorConnected", "CentralStarted", "CentralStopped", "HoldPlaced", "StopOrdered", "KeyRevoked", "TicketMade",
]);
const LEAST_S = 1;

/** Return which events stand on the curve, with their number. @param {any[]} events @returns {Map<any, number>} */
export function marked(events) {
  return new Map(events.filter(({ type }) => MARKED.has(type)).map((event, i) => [event, i + 1]));
}

/**
 * Return a chart of a session's power, or null when its charging point told no times.
 * @param {any} session @param {[number, number, number, number|null][]} course seconds, mWh, W, thousandths of the battery @param {Map<any, number>} [marks]
 */
export function curve(session, course, marks = new Map()) {
  const from = unix(session.started_at);
  if (!session.started_at || course.length < 2) return null;
  const energies = new Map(course.map(([s, mwh]) => [from + s, mwh]));
  /** @type {[number, number][]} */ const points = course.slice(1).map(([s, , watts]) => [from + s, watts]);
  // The power holds for the whole stretch before its reading.
  points.unshift([from, points[0][1]]);
  /** @type {[number, number|null][]} */ const battery = course.map(([s, , , full]) => [from + s, full === null ? null : full / 1000]);
  const full = battery.filter(([, share]) => share !== null);
  const until = Math.max(from + LEAST_S, points.at(-1)[0]);
  const svg = h("svg", { class: "chart curve" });
  const told = [t("curve.label", { most: kw(Math.max(...points.map(([, w]) => w))), energy: kwh(course.at(-1)[1]) })];
  if (full.length) told.push(t("curve.battery_from", { from: percent(full[0][1]), to: percent(full.at(-1)[1]) }));
  const series = [{ name: t("curve.power"), points, area: true, tone: 1 }];
  if (full.length) series.push({ name: t("curve.battery"), points: battery, area: false, tone: 3, y: percent });
  lineChart(svg, {
    label: told.join("; "),
    series,
    from, until, x: clock, y: kw,
    when: (at) => (energies.has(at) ? `${dateTime(at)} · ${kwh(energies.get(at))}` : dateTime(at)),
    marks: [...marks].map(([event, number]) => ({ at: Math.min(until, Math.max(from, unix(event.at))), text: String(number) })),
  });
  return svg;
}
