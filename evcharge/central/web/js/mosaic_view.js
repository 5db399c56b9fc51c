// The large mosaic with its keyboard cursor: arrows move, Enter opens, and a line says what is under the cursor.
import { h, put } from "./dom.js";
import { spoken } from "./cp_words.js";
import { labelled } from "./i18n.js";
import { arrow } from "./keys.js";
import { Mosaic } from "./mosaic.js";
import { stepFrom } from "./mosaic_plan.js";
import { Tip } from "./tip.js";

const PAGE = 10;

export class MosaicView {
  /**
   * @param {import("./store.js").Store} store @param {import("./pick.js").Pick} pick
   * @param {(i: number) => void} onOpen
   */
  constructor(store, pick, onOpen) {
    this.store = store;
    this.tip = new Tip(store);
    this.canvas = h("canvas", {
      class: "mosaic", role: "application", tabindex: 0, ...labelled("mosaic.name"),
      "aria-describedby": "mosaic-at",
    });
    this.words = h("p", { id: "mosaic-at", class: "sr-only", "aria-live": "polite" });
    this.elements = [this.canvas, this.words];
    this.mosaic = new Mosaic(this.canvas, store, pick, {
      gap: 3, labels: true, onOpen, onHover: (i, x, y) => this.tip.at(i, x, y),
    });
    this.canvas.addEventListener("keydown", (event) => this.#key(event, onOpen));
    this.canvas.addEventListener("focus", () => {
      if (this.canvas.matches(":focus-visible")) this.point(Math.max(0, this.mosaic.cursor));
    });
    this.canvas.addEventListener("blur", () => {
      this.mosaic.point(-1);
      this.tip.hide();
    });
  }

  /** Place the cells. */
  build() {
    this.mosaic.layout();
  }

  /** Put the cursor on a charging point and say which it is. @param {number} i */
  point(i) {
    const cp = this.store.cps[i];
    if (!cp) return;
    this.mosaic.point(i);
    put(this.words, spoken(cp, this.store.shown()));
    const { boxes: { [i]: box }, unit } = this.mosaic;
    const at = this.canvas.getBoundingClientRect();
    if (box) this.tip.at(i, at.left + (box[0] + box[2]) * unit, at.top + (box[1] + box[3]) * unit);
  }

  /** @param {KeyboardEvent} event @param {(i: number) => void} onOpen */
  #key(event, onOpen) {
    const { mosaic } = this;
    const rows = mosaic.plan?.rows ?? [];
    const step = arrow(event.key) ?? { PageUp: [0, -PAGE], PageDown: [0, PAGE] }[event.key];
    const ends = { Home: rows[0]?.[0], End: rows.at(-1)?.at(-1) };
    if (step) this.point(stepFrom(rows, mosaic.cursor, step));
    else if (event.key in ends) this.point(ends[event.key]);
    else if ((event.key === "Enter" || event.key === " ") && mosaic.cursor >= 0) onOpen(mosaic.cursor);
    else return;
    event.preventDefault();
  }
}
