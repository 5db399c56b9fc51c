// The picture of the map: land, and what of it is shown. Moved by pointer, wheel, two fingers, keys and buttons.
import { h, icon, set } from "./dom.js";
import { labelled } from "./i18n.js";
import { arrow } from "./keys.js";
import { fitted, moved, onMap, zoomed } from "./map_plan.js";
import coast from "./vendor/coast.js";

/** The path of the coast has a hundred units for each degree. */
const UNIT = 100;
const STEP = 60;
const TIMES = 1.5;
/** A pointer that moves less than this has clicked. */
const SHAKE = 4;

export class MapView {
  width = 1000;
  height = 640;
  /** Whether the pointer has not moved since it was pressed: what is under it was meant. */ still = true;
  /** @type {import("./map_plan.js").Point[]} */ #points = [];
  /** @type {Map<number, PointerEvent>} */ #pointers = new Map();
  #touched = false;

  /** @param {() => void} onMove called when the view is another one */
  constructor(onMove) {
    this.onMove = onMove;
    this.view = fitted([], this.width, this.height);
    this.land = h("path", { class: "land", d: coast, "vector-effect": "non-scaling-stroke" });
    this.group = h("g");
    this.svg = h("svg", { class: "map", role: "group", tabindex: 0, ...labelled("map.name") }, this.land, this.group);
    const button = (name, fn) => h("button", { type: "button", class: "btn square", "data-zoom": name, ...labelled(`map.${name}`), onclick: fn }, icon(name));
    this.element = h("div", { class: "map-view" }, this.svg, h("div", { class: "map-zoom" },
      button("plus", () => this.zoom(TIMES)), button("minus", () => this.zoom(1 / TIMES)), button("fit", () => this.fit(this.#points))));
    this.svg.addEventListener("keydown", (event) => this.#key(event));
    this.svg.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    for (const name of ["down", "move", "up", "cancel"]) this.svg.addEventListener(`pointer${name}`, (event) => this.#pointer(event, name));
    new ResizeObserver(() => this.#measure()).observe(this.svg);
    this.#draw();
  }

  /** @param {Element[]} elements */
  sites(elements) {
    this.group.replaceChildren(...elements);
  }

  /** Show all these points. @param {import("./map_plan.js").Point[]} points */
  fit(points) {
    this.#points = points;
    this.#touched = false;
    this.#show(fitted(points, this.width, this.height));
  }

  /** @param {number} times @param {import("./map_plan.js").Point} [at] from the middle */
  zoom(times, at = [0, 0]) {
    this.#touched = true;
    this.#show(zoomed(this.view, times, at, this.width));
  }

  /** Bring a point into the view. @param {import("./map_plan.js").Point} point */
  reveal(point) {
    const [x, y] = onMap(this.view, point, this.width, this.height);
    if (x < 0 || y < 0 || x > this.width || y > this.height) this.#show(moved(this.view, this.width / 2 - x, this.height / 2 - y));
  }

  /** The units of the picture grow with the type of the page. */
  #measure() {
    const box = this.svg.getBoundingClientRect();
    const unit = parseFloat(getComputedStyle(document.documentElement).fontSize) / 10;
    if (!box.width || !box.height) return;
    [this.width, this.height] = [box.width / unit, box.height / unit];
    set(this.svg, "viewBox", `0 0 ${this.width.toFixed(1)} ${this.height.toFixed(1)}`);
    if (this.#touched) this.#show(this.view);
    else this.fit(this.#points);
  }

  /** @param {import("./map_plan.js").View} view */
  #show(view) {
    this.view = view;
    this.#draw();
    this.onMove();
  }

  #draw() {
    const { k, across } = this.view;
    const [x, y] = onMap(this.view, [0, 0], this.width, this.height);
    set(this.land, "transform", `translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${(k * across) / UNIT} ${k / UNIT})`);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = arrow(event.key);
    const times = { "+": TIMES, "=": TIMES, "-": 1 / TIMES }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || (!step && !times && event.key !== "Home")) return;
    event.preventDefault();
    event.stopPropagation();
    if (times) this.zoom(times);
    else if (!step) this.fit(this.#points);
    else {
      this.#touched = true;
      this.#show(moved(this.view, -step[0] * STEP, -step[1] * STEP));
    }
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    this.zoom(Math.exp(-Math.max(-100, Math.min(100, event.deltaY)) / 250), this.#at(event));
  }

  /** Where an event is, from the middle, in units of the picture. @param {MouseEvent} event @returns {import("./map_plan.js").Point} */
  #at({ clientX, clientY }) {
    const box = this.svg.getBoundingClientRect();
    const unit = box.width / this.width || 1;
    return [(clientX - box.left) / unit - this.width / 2, (clientY - box.top) / unit - this.height / 2];
  }

  /** @param {PointerEvent} event @param {string} name */
  #pointer(event, name) {
    const before = this.#pointers.get(event.pointerId);
    if (name === "down") {
      if (!this.#pointers.size) this.still = true;
      this.#pointers.set(event.pointerId, event);
    } else if (name !== "move") this.#pointers.delete(event.pointerId);
    else if (before) this.#drag(before, event);
  }

  /** @param {PointerEvent} before @param {PointerEvent} event */
  #drag(before, event) {
    const far = Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY);
    if (this.still && far < SHAKE) return;
    if (this.still) this.svg.setPointerCapture(event.pointerId);
    this.still = false;
    this.#touched = true;
    const [from, to] = [this.#at(before), this.#at(event)];
    const other = [...this.#pointers.values()].find(({ pointerId }) => pointerId !== event.pointerId);
    this.#pointers.set(event.pointerId, event);
    if (!other) return this.#show(moved(this.view, to[0] - from[0], to[1] - from[1]));
    const rest = this.#at(other);
    const apart = (point) => Math.hypot(point[0] - rest[0], point[1] - rest[1]);
    this.zoom(apart(to) / (apart(from) || 1), [(to[0] + rest[0]) / 2, (to[1] + rest[1]) / 2]);
  }
}
