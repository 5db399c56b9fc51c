/** Bands of time coloured by state. Height tells the state as well: what is wrong stands out, unknown is thin. */
import { s } from "./chart_parts.js";

const HEIGHTS = {
  faulted: 1, unavailable: 0.86, charging: 0.72, preparing: 0.6, finishing: 0.6, available: 0.6, disconnected: 0.4, unknown: 0.12,
};

/** Draw into `layer`; return the stops of the cursor, one a span. */
export function drawStrip(layer, { spans, from, until, x, ends }, width, height) {
  const floor = height - (ends ? 18 : 0);
  const place = (at) => ((at - from) / (until - from || 1)) * width;
  layer.append(s("rect", { class: "ch-track", x: 0, y: floor - 2, width, height: 2 }));
  if (ends) {
    layer.append(s("text", { class: "ch-axis", x: 0, y: height - 3 }, ends[0]));
    layer.append(s("text", { class: "ch-axis", x: width, y: height - 3, "text-anchor": "end" }, ends[1]));
  }
  return spans.flatMap((span) => {
    const left = Math.max(0, place(span.from));
    const right = Math.min(width, place(span.until ?? until));
    if (right <= 0 || left >= width || right < left) return [];
    const tall = (HEIGHTS[span.s] ?? HEIGHTS.unknown) * floor;
    // A short fault must not vanish between two pixels.
    const wide = Math.max(1.5, right - left - (right - left > 4 ? 1 : 0));
    const box = { x: left, y: floor - tall, width: wide, height: tall, rx: Math.min(2, wide / 2) };
    layer.append(s("rect", { class: "ch-span", "data-s": span.s, ...box }));
    const head = x ? `${x(Math.max(from, span.from))} – ${x(span.until ?? until)}` : "";
    const band = [left, Math.max(right, left + 1.5)];
    return [{ x: (left + right) / 2, y: floor / 2, band, head, lines: [{ text: span.text, s: span.s }] }];
  });
}
