// The network as a schematic map: a ring for each location, its arcs the share of each status, always in one order.
import { h, iconHref, put, set } from "./dom.js";
import { kw, number } from "./format.js";
import { labelled, t } from "./i18n.js";
import { arcs, HEIGHT, planMap, roads, WIDTH } from "./map_plan.js";
import { sitesOf } from "./sites.js";
import { BY_URGENCY, CHARGING, FAULTED, STATES } from "./states.js";

const MOST = 48;
const GRID = 22;

export class SiteMap {
  /** @type {any[]} */ nodes = [];

  /**
   * @param {import("./store.js").Store} store @param {import("./pick.js").Pick} pick
   * @param {(location: string) => void} onSite
   */
  constructor(store, pick, onSite) {
    this.store = store;
    this.pick = pick;
    this.onSite = onSite;
    this.svg = h("svg", {
      class: "map", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "group", ...labelled("map.name"),
    });
    this.more = h("p", { class: "mute map-more", hidden: true });
    this.elements = [this.svg, this.more];
  }

  /** Draw every location anew. */
  build() {
    const all = sitesOf(this.store.cps).sort((a, b) => b.cps.length - a.cps.length);
    const sites = all.slice(0, MOST);
    const bubbles = planMap(sites);
    this.nodes = sites.map((site, i) => this.#node(site, bubbles[i]));
    this.svg.replaceChildren(
      h("path", { class: "dots", d: dots() }),
      h("path", { class: "roads", d: roads(bubbles) }),
      ...this.nodes.map((node) => node.el),
    );
    this.more.hidden = all.length <= MOST;
    put(this.more, t("map.more", { count: number(all.length - MOST) }));
    this.update();
  }

  /** @param {import("./sites.js").Site} site @param {import("./map_plan.js").Bubble} bubble */
  #node(site, { x, y, r }) {
    const rings = BY_URGENCY.map((s) => h("path", { class: "arc", "data-s": STATES[s] }));
    const text = (kind, down, size) => h("text", { class: kind, y: down }, size);
    const count = text("num", 6, number(site.cps.length));
    const sub = text("sub", r + 43, "");
    const picture = h("use", { x: -8, y: -8, width: 16, height: 16 });
    const worst = h("g", { class: "worst", transform: `translate(${r * 0.75} ${-r * 0.75})` }, h("circle", { r: 13 }), picture);
    const open = () => this.onSite(site.name);
    const el = h("g", {
      class: "node", transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, role: "button", tabindex: 0, "data-site": site.key,
      onclick: open,
      onkeydown: (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        open();
      },
    }, h("circle", { class: "halo", r: r + 7 }), rings, worst, count, text("name", r + 26, site.name || t("wall.no_location")), sub);
    return { el, site, r, rings, count, sub, worst, picture };
  }

  /** Show the rows as they are now. */
  update() {
    for (const { el, site, r, rings, count, sub, worst, picture } of this.nodes) {
      const by = STATES.map(() => 0);
      let power = 0;
      let wanted = 0;
      for (const i of site.cps) {
        const cp = this.store.cps[i];
        by[cp.s]++;
        power += cp.power;
        if (this.pick.match(cp)) wanted++;
      }
      arcs(BY_URGENCY.map((s) => by[s] / site.cps.length), r).forEach((path, k) => set(rings[k], "d", path));
      const most = BY_URGENCY.find((s) => by[s] > 0);
      set(worst, "data-s", STATES[most]);
      set(picture, "href", iconHref(STATES[most]));
      el.classList.toggle("dim", wanted === 0);
      put(count, this.pick.active ? `${number(wanted)}/${number(site.cps.length)}` : number(site.cps.length));
      put(sub, kw(power));
      const values = { location: site.name || t("wall.no_location"), count: site.cps.length, faulted: by[FAULTED], charging: by[CHARGING] };
      set(el, "aria-label", t("map.node", values));
    }
  }
}

function dots() {
  const marks = [];
  for (let y = 8; y < HEIGHT; y += GRID) for (let x = 8; x < WIDTH; x += GRID) marks.push(`M${x} ${y}h.01`);
  return marks.join("");
}
