/**
 * Charts in SVG, drawn in real pixels: they follow the size of their element and the theme of the page.
 *
 * Each takes an `<svg>` and its options; the same call again updates the chart in place. They return
 * `{remove()}`. With `label` (the accessible name) a chart is reached by Tab and read point by point with the
 * arrow keys, as a slider; `keys: false` leaves only the pointer (many small charts), `quiet: true` not even that.
 *
 *   lineChart(svg, {label, series: [{name, points: [[x, y|null], …], area, tone: 1..4, y}], x, y, …})
 *   barChart(svg, {label, bars: [{label, value, text, partial}], y, …})
 *   stateStrip(svg, {label, from, until, spans: [{s, from, until|null, text}], x, …})
 *
 * `x` and `y` turn a number into words, such as Unix seconds into a time. No language lives here.
 */
import { drawBars } from "./chart_bars.js";
import { drawLines } from "./chart_lines.js";
import { Plot } from "./chart_plot.js";
import { drawStrip } from "./chart_strip.js";

const plots = new WeakMap();

function chart(draw) {
  return (svg, options) => {
    let plot = plots.get(svg);
    if (!plot || plot.draw !== draw) {
      plot?.remove();
      plots.set(svg, (plot = new Plot(svg, draw)));
    }
    plot.set(options);
    return { remove: () => (plots.delete(svg), plot.remove()) };
  };
}

/**
 * Lines or areas over time. `x: null` gives no axes (a sparkline); `low`/`high` pin the y axis, which starts
 * at zero otherwise; a series with an own `y`, a share 0..1 in words, has its axis on the right; `from`/`until` pin the x axis; `marks: [{at, text}]` are lines across it. `empty` is said when there is no point.
 */
export const lineChart = chart(drawLines);

/**
 * One bar a value. `partial` bars are not over yet (today); `text` is what the cursor says, else y(value). With
 * `whole` the axis counts in whole numbers.
 */
export const barChart = chart(drawBars);

/** Bands of time coloured by state, data-s names plus "unknown". `ends: [left, right]` stand below. */
export const stateStrip = chart(drawStrip);
