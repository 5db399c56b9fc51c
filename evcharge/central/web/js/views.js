// The four ways to look at the charging points: tiles, compact tiles, mosaic, map.
import { h, icon, put, queried, set, sheets } from "./dom.js";
import { number } from "./format.js";
import { counted, labelled, onLang, t, words } from "./i18n.js";
import { onTheme } from "./theme.js";
import { Wall } from "./wall.js";

const DENSITIES = ["tiles", "compact", "mosaic", "map"];
const KEPT = "evcharge.density";
const GROUPED = "evcharge.grouping";
const MANY = 2000;

export class Views {
  /** What the person chose; "" = nothing yet. */
  #chosen = [queried("d"), localStorage.getItem(KEPT)].find((name) => DENSITIES.includes(name)) ?? "";
  density = "";

  /**
   * @param {HTMLElement} root @param {import("./store.js").Store} store @param {import("./pick.js").Pick} pick
   * @param {(i: number) => void} onOpen
   */
  constructor(root, store, pick, onOpen) {
    this.root = root;
    this.store = store;
    this.pick = pick;
    this.wall = new Wall(root, store, pick, onOpen);
    this.mosaic = null;
    this.map = null;
    this.makers = {
      mosaic: async () => new (await import("./mosaic_view.js")).MosaicView(store, pick, onOpen),
      map: async () => new (await import("./map.js")).SiteMap(store, pick, (location) => this.#site(location)),
    };
    this.note = h("p", { class: "none", role: "status" });
    this.switch = h("div", { class: "seg", id: "density", role: "group", ...labelled("wall.view") },
      DENSITIES.map((name) => h("button", { type: "button", "data-d": name, "data-t-title": `wall.${name}`, title: t(`wall.${name}`), onclick: () => this.choose(name) },
        icon(name), words("span", `wall.${name}`))));
    this.grouping = h("select", { id: "grouping", ...labelled("wall.group"), onchange: () => this.#group() }, ["site", "state", "none"].map((how) => words("option", `wall.group.${how}`, { value: how })));
    this.grouping.value = localStorage.getItem(GROUPED) ?? "site";
    if (this.grouping.value !== "site") this.#group();
    root.after(this.note);
    pick.addEventListener("change", () => this.filter());
    onLang(() => this.build());
    onTheme(() => this.mosaic?.mosaic.recolour());
  }

  get tiled() {
    return this.density === "tiles" || this.density === "compact";
  }

  /** @param {string} density */
  choose(density) {
    this.#chosen = density;
    localStorage.setItem(KEPT, density);
    this.build();
  }

  async #group() {
    localStorage.setItem(GROUPED, this.grouping.value);
    (await import("./grouping.js")).groupBy(this.wall, this.grouping.value);
    this.build();
  }

  next() {
    this.choose(DENSITIES[(DENSITIES.indexOf(this.density) + 1) % DENSITIES.length]);
  }

  /** Make the view anew: the first time, and when charging points came or moved. Thousands open as a mosaic. */
  build() {
    const many = this.store.cps.length > MANY;
    // What was chosen for a small network is not what a page of 10 000 tiles is asked for.
    const fits = this.#chosen && (!many || this.density || queried("d"));
    this.density = fits ? this.#chosen : many ? "mosaic" : this.#chosen || "tiles";
    this.root.className = `view ${this.density}`;
    this.root.dataset.density = this.density;
    for (const el of this.switch.children) set(el, "aria-pressed", String(el.dataset.d === this.density));
    this.grouping.hidden = !this.tiled;
    if (this.tiled) this.wall.build();
    else {
      this.wall.clear();
      this.#other(this.density);
    }
    this.filter();
  }

  /** Show the mosaic or the map; each is loaded when it is first wanted. @param {string} name `mosaic` or `map` */
  async #other(name) {
    try {
      await sheets("views");
      this[name] ??= await this.makers[name]();
    } catch {
      this.root.replaceChildren(words("p", "tab.failed", { class: "none" }));
    }
    if (this.density !== name || !this[name]) return;
    if (this.root.firstChild !== this[name].elements[0]) this.root.replaceChildren(...this[name].elements);
    this[name].build();
  }

  /** @param {string} location */
  #site(location) {
    this.choose("tiles");
    this.wall.go(location);
  }

  /** Paint what changed. Returns how many. @param {Set<number>} changed */
  update(changed) {
    if (this.tiled) return this.wall.update(changed);
    return this.density === "mosaic" ? this.mosaic?.mosaic.update(changed) ?? 0 : 0;
  }

  /** Once a second. */
  tick() {
    if (this.tiled) this.wall.tick();
    else if (this.density === "map") this.map?.update();
    this.#count();
  }

  filter() {
    if (this.tiled) this.wall.filter();
    else if (this.density === "mosaic") this.mosaic?.mosaic.draw();
    else this.map?.update();
    this.#count();
  }

  #count() {
    const { cps } = this.store;
    if (!this.pick.active) return put(this.note, cps.length || this.store.rev < 0 ? "" : t("wall.empty"));
    const shown = cps.filter((cp) => this.pick.match(cp)).length;
    put(this.note, shown ? counted("wall.shown", cps.length, { shown: number(shown), count: number(cps.length) }) : t("wall.nothing"));
  }

  /** Bring one charging point before the eyes. @param {number} i @returns {boolean} whether the view can */
  jump(i) {
    if (this.density === "mosaic" && this.mosaic) {
      this.mosaic.canvas.focus();
      this.mosaic.point(i);
      return true;
    }
    if (!this.tiled) return false;
    if (!this.pick.match(this.store.cps[i])) this.pick.clear();
    this.wall.focus(i, true);
    return true;
  }
}
