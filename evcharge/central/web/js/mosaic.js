// Every charging point on one canvas: for thousands of them, and small as a picture of the whole network. Its units grow
// with the type of the page, as everything else does.
import { palette, drawCell } from "./mosaic_cell.js";
import { planMosaic } from "./mosaic_plan.js";
import { sitesOf } from "./sites.js";

const LABELS = 96;
const MOST_LABELLED = 40;
/** Rows from this height on have larger names, up to twice as large. */
const ROOMY = 60;

export class Mosaic {
  /** @type {import("./mosaic_plan.js").Plan|null} */ plan = null;
  /** @type {[number, number, number, number][]} */ boxes = [];
  cursor = -1;
  gutter = 0;

  /**
   * @param {HTMLCanvasElement} canvas @param {import("./store.js").Store} store @param {import("./pick.js").Pick} pick
   * @param {{gap?: number, most?: number, labels?: boolean, onOpen: (i: number) => void,
   *   onHover?: (i: number|null, x: number, y: number) => void}} options `most`: the height of a cell at most
   */
  constructor(canvas, store, pick, { gap = 1, most = Infinity, labels = false, onOpen, onHover }) {
    this.canvas = canvas;
    this.store = store;
    this.pick = pick;
    this.gap = gap;
    this.most = most;
    this.labels = labels;
    this.ctx = canvas.getContext("2d");
    this.colours = palette();
    new ResizeObserver(() => this.layout()).observe(canvas);
    canvas.addEventListener("click", (event) => {
      const i = this.hit(event);
      if (i !== null) onOpen(i);
    });
    canvas.addEventListener("pointermove", (event) => {
      const i = this.hit(event);
      canvas.classList.toggle("hot", i !== null);
      onHover?.(i, event.clientX, event.clientY);
    });
    canvas.addEventListener("pointerleave", () => onHover?.(null, 0, 0));
  }

  /** The theme has changed. */
  recolour() {
    this.colours = palette();
    this.draw();
  }

  /** Place every cell anew. */
  layout() {
    const { canvas, store } = this;
    this.unit = parseFloat(getComputedStyle(document.documentElement).fontSize) / 10;
    const width = canvas.clientWidth / this.unit;
    const height = canvas.clientHeight / this.unit;
    if (width < 9 || height < 4 || !store.cps.length) return;
    const sites = sitesOf(store.cps);
    const labelled = this.labels && sites.length > 1 && sites.length <= MOST_LABELLED && width > 600;
    this.large = Math.min(2, Math.max(1, height / sites.length / ROOMY));
    this.gutter = labelled ? LABELS * this.large : 0;
    const all = [{ key: "*", name: "", cps: sites.flatMap((site) => site.cps) }];
    this.plan = planMosaic(labelled ? sites : all, width - this.gutter, height, this.most);
    if (!this.plan) return;
    const ratio = devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
    this.ratio = ratio * this.unit;
    this.#boxes(this.ratio);
    this.draw();
  }

  /** Cells end on whole pixels, so that a plain colour needs no smoothing. @param {number} ratio */
  #boxes(ratio) {
    const { cw, ch, rows } = this.plan;
    const px = (value) => Math.round(value * ratio) / ratio;
    const small = Math.min(cw, ch);
    this.space = small < 3 ? 0 : small < 9 ? 1 / ratio : small < 16 ? 1 : this.gap;
    this.boxes = [];
    rows.forEach((row, r) => {
      row.forEach((i, c) => {
        const x = px(this.gutter + c * cw);
        const y = px(r * ch);
        this.boxes[i] = [x, y, px(this.gutter + (c + 1) * cw) - x, px((r + 1) * ch) - y];
      });
    });
  }

  /** Draw everything. */
  draw() {
    if (!this.plan) return;
    const { ctx, ratio } = this;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    if (this.gutter) this.#names();
    for (const i of this.boxes.keys()) this.#cell(i);
    this.#ring();
  }

  #names() {
    const { ctx, plan, colours, gutter, large } = this;
    ctx.globalAlpha = 1;
    Object.assign(ctx, { textAlign: "left", textBaseline: "top", fillStyle: colours.text });
    ctx.font = `650 ${13 * large}px Inter, system-ui, sans-serif`;
    for (const [r, name] of plan.names) ctx.fillText(name, 2, r * plan.ch + 3, gutter - 10);
  }

  /** @param {number} i */
  #cell(i) {
    const cp = this.store.cps[i];
    if (cp && this.boxes[i]) {
      drawCell(this.ctx, this.colours, cp, this.boxes[i], { gap: this.space, wanted: !this.pick.active || this.pick.match(cp) });
    }
  }

  /** Redraw those that changed. Returns how many. @param {Set<number>} changed */
  update(changed) {
    if (!this.plan) return 0;
    for (const i of changed) this.#cell(i);
    if (this.cursor >= 0) this.#ring();
    return changed.size;
  }

  /** Put the keyboard's cursor on `i`; -1 takes it away. @param {number} i */
  point(i) {
    this.cursor = i;
    this.draw();
  }

  #ring() {
    const box = this.boxes[this.cursor];
    if (!box) return;
    const { ctx, colours, space } = this;
    const [x, y, w, h] = box;
    ctx.globalAlpha = 1;
    for (const [colour, out, line] of /** @type {any[]} */ ([[colours.page, 2.5, 5], [colours.focus, 2, 3]])) {
      Object.assign(ctx, { strokeStyle: colour, lineWidth: line });
      ctx.strokeRect(x - out, y - out, w - space + 2 * out, h - space + 2 * out);
    }
  }

  /** Return the index of the charging point under the pointer, or null. @param {MouseEvent} event */
  hit(event) {
    if (!this.plan) return null;
    const box = this.canvas.getBoundingClientRect();
    const row = this.plan.rows[Math.floor((event.clientY - box.top) / this.unit / this.plan.ch)];
    const c = Math.floor(((event.clientX - box.left) / this.unit - this.gutter) / this.plan.cw);
    return row && c >= 0 && c < row.length ? row[c] : null;
  }
}
