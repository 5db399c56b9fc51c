// The wall of tiles, grouped by location, in stable places. Only tiles that are on the screen are painted.
import { within } from "./dom.js";
import { CHARGING } from "./states.js";
import { siteKey, wallSites } from "./sites.js";
import { Tile } from "./tile.js";
import { wallFit } from "./wall_fit.js";
import { headings, wallGroup } from "./wall_groups.js";
import { tileKeys } from "./wall_keys.js";

export class Wall {
  /** @type {Tile[]} */ tiles = [];
  /** @type {import("./wall_groups.js").Group[]} */ groups = [];
  /** @type {Set<number>} */ visible = new Set();
  /** @type {Set<number>} those that changed while off the screen */ stale = new Set();
  sites = wallSites;
  /** @type {(() => boolean)|null} groups of statuses change */ regroup = null;
  current = 0;
  shown = 0;

  /**
   * @param {HTMLElement} root @param {import("./store.js").Store} store @param {import("./pick.js").Pick} pick
   * @param {(i: number) => void} onOpen
   */
  constructor(root, store, pick, onOpen) {
    this.root = root;
    this.store = store;
    this.pick = pick;
    this.observer = new IntersectionObserver((entries) => this.#seen(entries), { root: null, rootMargin: "160px" });
    root.addEventListener("click", (event) => {
      const el = within(event, ".tile");
      if (!el) return;
      this.focus(Number(el.dataset.i));
      onOpen(Number(el.dataset.i));
    });
    tileKeys(root);
    this.fit = wallFit(root, () => this.groups);
    root.addEventListener("focusin", (event) => {
      const el = within(event, ".tile");
      if (el) this.focus(Number(el.dataset.i));
    });
  }

  /** Make every tile anew. */
  build() {
    this.clear();
    const { cps } = this.store;
    for (const cp of cps) if (cp) this.tiles[cp.i] = new Tile(cp);
    this.groups = this.sites(cps).map((site) => wallGroup(site, this.tiles));
    this.root.replaceChildren(...this.groups.map(({ el }) => el));
    this.fit();
    const now = this.store.shown();
    for (const [i, tile] of this.tiles.entries()) {
      tile?.paint(cps[i], now);
      if (tile) this.observer.observe(tile.el);
    }
    this.focus(this.tiles[this.current] ? this.current : 0);
    this.filter();
    headings(this.groups, this.store.cps);
  }

  /** Forget every tile: another view takes the place. */
  clear() {
    this.observer.disconnect();
    this.visible.clear();
    this.stale.clear();
    [this.tiles, this.groups] = [[], []];
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const i = Number(/** @type {HTMLElement} */ (target).dataset.i);
      if (!isIntersecting) this.visible.delete(i);
      else {
        this.visible.add(i);
        if (this.stale.delete(i)) this.paint(i);
      }
    }
  }

  /** @param {number} i */
  paint(i) {
    this.tiles[i]?.paint(this.store.cps[i], this.store.shown());
  }

  /** Paint those of `changed` that are on the screen. Returns how many. @param {Iterable<number>} changed */
  update(changed) {
    let painted = 0;
    for (const i of changed) {
      if (this.visible.has(i)) {
        this.paint(i);
        painted++;
      } else this.stale.add(i);
    }
    return painted;
  }

  /** Once a second: ages, headings, and who still belongs to the filter. */
  tick() {
    if (this.regroup?.()) return;
    for (const i of this.visible) if (this.store.cps[i].s !== CHARGING) this.paint(i);
    headings(this.groups, this.store.cps);
    if (this.pick.active) this.filter();
  }

  /** Show only what is picked. Returns how many. */
  filter() {
    this.shown = 0;
    for (const { site, el } of this.groups) {
      let here = 0;
      for (const i of site.cps) {
        const wanted = this.pick.match(this.store.cps[i]);
        if (this.tiles[i].el.hidden === wanted) this.tiles[i].el.hidden = !wanted;
        if (wanted) here++;
      }
      el.hidden = here === 0;
      this.shown += here;
    }
    if (this.tiles[this.current]?.el.hidden) this.#rove(this.tiles.findIndex((tile) => tile && !tile.el.hidden));
    return this.shown;
  }

  /** Take one tile into the order of the Tab key. @param {number} i */
  #rove(i) {
    if (!this.tiles[i]) return;
    if (this.tiles[this.current]) this.tiles[this.current].el.tabIndex = -1;
    this.current = i;
    this.tiles[i].el.tabIndex = 0;
  }

  /** Make `i` the current tile; with `go` it is scrolled to, focused and marked. @param {number} i @param {boolean} [go] */
  focus(i, go = false) {
    this.#rove(i);
    const el = this.tiles[i]?.el;
    if (!go || !el) return;
    el.scrollIntoView({ block: "center" });
    el.focus({ preventScroll: true });
    el.classList.add("hit");
    setTimeout(() => el.classList.remove("hit"), 1600);
  }

  /** Bring a location before the eyes. @param {string} location */
  go(location) {
    const key = siteKey(location);
    const group = this.groups.find(({ site }) => site.key === key);
    if (group) group.el.scrollIntoView({ block: "start" });
    const first = this.store.cps.find((cp) => cp && siteKey(cp.location) === key);
    if (first) this.focus(first.i, !group);
  }
}
