/** One bar a value, such as one a day. A bar that is not over yet is drawn in outline. */
import { s, ticks, widthOf, yAxis } from "./chart_parts.js";

/** Draw into `layer`; return the stops of the cursor, one a bar. */
export function drawBars(layer, { bars, y, tone = 1, whole }, width, height) {
  if (!bars.length) return [];
  const box = { top: 8, right: width - 2, bottom: height - 22 };
  const most = Math.max(0, ...bars.map((bar) => bar.value));
  const values = ticks(0, whole ? Math.max(most, 4) : most || 1, Math.max(2, Math.floor(height / 48)));
  const { left, place } = yAxis(layer, values, y, box);
  const slot = (box.right - left) / bars.length;
  const thick = Math.max(1, Math.min(34, slot * 0.72));
  const widest = Math.max(...bars.map((bar) => widthOf(bar.label)));
  // The labels at the ends are moved inwards by what would be cut of them.
  const each = Math.ceil((widest + 14 + Math.max(0, (widest - slot) / 2)) / slot);
  return bars.map((bar, i) => {
    const start = left + i * slot;
    const middle = start + slot / 2;
    layer.append(...shape(bar, middle, thick, place(bar.value), box.bottom, tone));
    // Counted from the newest, which always has its label.
    if ((bars.length - 1 - i) % each === 0) {
      const half = widthOf(bar.label) / 2;
      const x = Math.max(left + half, Math.min(width - half, middle));
      layer.append(s("text", { class: "ch-axis", x, y: height - 5, "text-anchor": "middle" }, bar.label));
    }
    const [band, lines] = [[start, start + slot], [{ text: bar.text ?? y(bar.value) }]];
    return { x: middle, y: place(bar.value), band, head: bar.head ?? bar.label, lines };
  });
}

function shape(bar, middle, thick, top, floor, tone) {
  if (!(bar.value > 0)) return [];
  const round = Math.min(4, thick / 2, floor - top);
  const [left, right] = [middle - thick / 2, middle + thick / 2];
  const [rise, fall] = [`q0 ${-round} ${round} ${-round}`, `q${round} 0 ${round} ${round}`];
  const path = `M${left} ${floor}V${top + round}${rise}H${right - round}${fall}V${floor}Z`;
  return [s("path", { class: `ch-bar t${tone}${bar.partial ? " partial" : ""}`, d: path })];
}
