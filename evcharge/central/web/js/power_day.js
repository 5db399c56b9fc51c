// The power of the whole network over the last day.
import { get } from "./api.js";
import { lineChart } from "./chart.js";
import { s } from "./chart_parts.js";
import { h } from "./dom.js";
import { dateTime, kw, time } from "./format.js";
import { t } from "./i18n.js";

/** So far apart samples are not one line: Central was away. */
const APART_S = 700;

/** Return {element, load}: `load` asks for the curve again. */
export function powerDay() {
  const svg = s("svg");
  const element = h("figure", { class: "card", hidden: true }, h("figcaption", null, t("stats.power_day")), svg);
  /** @param {AbortSignal} signal */
  const load = async (signal) => {
    const found = await get("/api/power", signal).catch(() => null);
    element.hidden = !found || found.power.length < 2;
    if (element.hidden) return;
    /** @type {[number, number|null][]} */ const points = [];
    for (const [at, watts] of found.power) {
      const before = points.at(-1);
      if (before && at - before[0] > APART_S) points.push([before[0] + 1, null]);
      points.push([at, watts]);
    }
    lineChart(svg, { label: t("stats.power_day"), series: [{ points, area: true, tone: 1 }], x: time, when: dateTime, y: kw });
  };
  return { element, load };
}
