/**
 * The crosshair of a chart, moved by pointer or by keys. To a screen reader the chart is a slider whose
 * positions are its points, so that the arrow keys read them out one by one.
 */
import { s, scale } from "./chart_parts.js";

const KEYS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 10, PageDown: -10 };
const SLIDER = ["tabindex", "aria-valuemin", "aria-valuemax", "aria-valuenow", "aria-valuetext"];
const LINE = 17;

export class Cursor {
  constructor(svg) {
    this.svg = svg;
    this.group = s("g", { class: "ch-cursor", "aria-hidden": "true", visibility: "hidden" });
    this.stops = [];
    this.at = -1;
    this.stop = new AbortController();
    const on = (name, act) => svg.addEventListener(name, act, { signal: this.stop.signal });
    on("pointermove", (event) => this.#point(event));
    on("pointerdown", (event) => this.#point(event));
    on("pointerleave", () => this.#hide());
    on("focus", () => svg.matches(":focus-visible") && this.show(this.at));
    on("blur", () => this.#hide());
    on("keydown", (event) => this.#key(event));
  }

  /** Follow new stops: [{x, y?, band?: [x0, x1], head, lines: [{text, tone?, s?}]}] from left to right. */
  follow(stops, box, byKeys = true) {
    const shown = this.group.getAttribute("visibility") === "visible";
    this.stops = stops;
    this.box = box;
    const set = (name, value) => this.svg.setAttribute(name, String(value));
    set("role", stops.length && byKeys ? "slider" : "img");
    if (!stops.length || !byKeys) for (const name of SLIDER) this.svg.removeAttribute(name);
    if (!stops.length) return this.#hide();
    if (this.at < 0 || this.at >= stops.length) this.at = stops.length - 1;
    this.byKeys = byKeys;
    if (shown) this.show(this.at);
    if (!byKeys) return;
    set("tabindex", 0);
    set("aria-valuemin", 1);
    set("aria-valuemax", stops.length);
    this.#tell();
  }

  show(index) {
    if (!this.stops.length) return;
    this.at = Math.max(0, Math.min(this.stops.length - 1, index));
    const stop = this.stops[this.at];
    this.group.replaceChildren(...this.#marks(stop), this.#tip(stop));
    this.group.setAttribute("visibility", "visible");
    this.#fit(stop);
    this.#tell();
  }

  remove() {
    this.stop.abort();
  }

  #tell() {
    if (!this.byKeys) return;
    const { head, lines } = this.stops[this.at];
    this.svg.setAttribute("aria-valuenow", String(this.at + 1));
    const words = [head, ...lines.map((line) => line.text)].filter(Boolean);
    this.svg.setAttribute("aria-valuetext", words.join(", "));
  }

  #hide() {
    this.group.setAttribute("visibility", "hidden");
  }

  #point(event) {
    if (!this.stops.length) return;
    const x = (event.clientX - this.svg.getBoundingClientRect().left) / scale();
    const within = this.stops.findIndex(({ band }) => band && x >= band[0] && x < band[1]);
    let nearest = 0;
    this.stops.forEach((stop, i) => {
      if (Math.abs(stop.x - x) < Math.abs(this.stops[nearest].x - x)) nearest = i;
    });
    this.show(within >= 0 ? within : nearest);
  }

  #key(event) {
    const last = this.stops.length - 1;
    const goal = { Home: 0, End: last }[event.key] ?? this.at + (KEYS[event.key] ?? NaN);
    if (event.key === "Escape") this.#hide();
    if (Number.isNaN(goal) || last < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.show(goal);
  }

  #marks(stop) {
    const bottom = this.box.height;
    if (stop.band) {
      const [left, right] = stop.band;
      const width = Math.max(1, right - left);
      return [s("rect", { class: "ch-band", x: left, y: 0, width, height: bottom, rx: 4 })];
    }
    const dot = ({ y, tone }) => s("circle", { class: `ch-dot t${tone}`, cx: stop.x, cy: y, r: 4 });
    const dots = (stop.dots ?? []).map(dot);
    return [s("line", { class: "ch-cross", x1: stop.x, x2: stop.x, y1: 0, y2: stop.floor ?? bottom }), ...dots];
  }

  #tip(stop) {
    const tip = s("g", { class: "ch-tip" }, s("rect", { rx: 8 }));
    if (stop.head) tip.append(s("text", { class: "ch-head", x: 10, y: 19 }, stop.head));
    stop.lines.forEach(({ text, tone, s: state }, i) => {
      const y = 19 + (i + (stop.head ? 1 : 0)) * LINE;
      const mark = tone || state;
      const kind = tone ? `ch-key t${tone}` : "ch-key";
      if (mark) tip.append(s("circle", { class: kind, "data-s": state, cx: 14, cy: y - 4, r: 4 }));
      tip.append(s("text", { class: "ch-line-text", x: mark ? 24 : 10, y }, text));
    });
    return tip;
  }

  /** Give the tip the size of its text and a place inside of the chart, beside of the cursor. */
  #fit(stop) {
    const tip = this.group.querySelector(".ch-tip");
    const box = tip.querySelector("rect");
    const texts = [...tip.querySelectorAll("text")];
    const ends = texts.map((text) => Number(text.getAttribute("x")) + text.getComputedTextLength());
    const width = Math.max(...ends) + 10;
    const height = texts.length * LINE + 12;
    box.setAttribute("width", String(width));
    box.setAttribute("height", String(height));
    const right = (stop.band ? stop.band[1] : stop.x) + 10;
    const left = (stop.band ? stop.band[0] : stop.x) - 10 - width;
    const x = right + width <= this.box.width ? right : Math.max(0, left);
    const lowest = this.box.height - height;
    // A chart that is lower than the tip has it above.
    const y = lowest < 0 ? -height - 4 : Math.max(0, Math.min((stop.y ?? 8) - height / 2, lowest));
    tip.setAttribute("transform", `translate(${x} ${y})`);
  }
}
