/** A plot follows the size of its `<svg>`, and draws again when that or its options change. */
import { Cursor } from "./chart_cursor.js";
import { s, scale } from "./chart_parts.js";

export class Plot {
  /** @param {SVGSVGElement} svg @param {Function} draw draws into a layer; returns the stops of the cursor */
  constructor(svg, draw) {
    this.svg = svg;
    this.draw = draw;
    this.layer = s("g", { "aria-hidden": "true" });
    this.cursor = new Cursor(svg);
    svg.classList.add("chart");
    svg.replaceChildren(this.layer, this.cursor.group);
    this.size = "";
    this.observer = new ResizeObserver(() => {
      const { width, height } = svg.getBoundingClientRect();
      if (`${width}x${height}` !== this.size) this.paint();
    });
    this.observer.observe(svg);
  }

  set(options) {
    this.options = options;
    this.svg.setAttribute("aria-label", options.label ?? "");
    this.paint();
  }

  paint() {
    const box = this.svg.getBoundingClientRect();
    this.size = `${box.width}x${box.height}`;
    const [width, height] = [box.width / scale(), box.height / scale()];
    if (!this.options || width < 1 || height < 1) return;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.layer.replaceChildren();
    const stops = this.draw(this.layer, this.options, width, height);
    if (!stops.length && this.options.empty) this.#say(this.options.empty, width, height);
    this.cursor.follow(this.options.quiet ? [] : stops, { width, height }, this.options.keys !== false);
  }

  #say(text, width, height) {
    this.layer.append(s("text", { class: "ch-empty", x: width / 2, y: height / 2, "text-anchor": "middle" }, text));
  }

  remove() {
    this.observer.disconnect();
    this.cursor.remove();
    this.svg.replaceChildren();
  }
}
