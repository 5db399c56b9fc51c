// The network on a map: a ring for each location, its area its power, its arcs the share of each status, always in one
// order. Coordinates are those that the weather service found; what it does not know stands beside the map.
import { get } from "./api.js";
import { h, icon, iconHref, put, set } from "./dom.js";
import { kw, number } from "./format.js";
import { counted, labelled, t, words } from "./i18n.js";
import { MapView } from "./map_view.js";
import { arcs, onMap, radii, summed, withRoom } from "./map_plan.js";
import { townOf } from "./places.js";
import { sitesOf, siteKey } from "./sites.js";
import { BY_URGENCY, CHARGING, FAULTED, STATES } from "./states.js";

const MOST = 300;
const AGAIN_MS = 60_000;

export class SiteMap {
  /** @type {any[]} */ nodes = [];
  /** @type {any[]} */ aside = [];
  /** Where each location is, by its key; null when nobody knows. @type {Map<string, [number, number]|null>} */ where = new Map();
  #askedAt = -AGAIN_MS;
  #fits = "";

  /**
   * @param {import("./store.js").Store} store @param {import("./pick.js").Pick} pick
   * @param {(location: string) => void} onSite
   */
  constructor(store, pick, onSite) {
    this.store = store;
    this.pick = pick;
    this.onSite = onSite;
    this.view = new MapView(() => this.#place());
    this.more = h("p", { class: "mute map-more", hidden: true });
    this.list = h("ul", { class: "map-list" });
    this.beside = h("aside", { class: "map-aside", hidden: true, ...labelled("map.unknown") },
      words("h3", "map.unknown"), words("p", "map.unknown_why", { class: "mute" }), this.list);
    this.elements = [h("div", { class: "map-box" }, this.view.element, this.beside, this.more)];
  }

  /** Draw every location anew. */
  build() {
    const all = sitesOf(this.store.cps).sort((a, b) => b.cps.length - a.cps.length);
    const sites = all.slice(0, MOST);
    const place = (site) => this.where.get(site.key) ?? townOf(site.name);
    const known = sites.filter(place);
    const sizes = radii(known.map((site) => this.#power(site)));
    // Large ones first: small ones lie upon them.
    this.nodes = known.map((site, i) => this.#node(site, place(site), sizes[i])).sort((a, b) => b.r - a.r);
    this.view.sites(this.nodes.map((node) => node.el));
    this.aside = sites.filter((site) => !place(site)).map((site) => this.#item(site));
    this.list.replaceChildren(...this.aside.map((one) => one.el));
    this.beside.hidden = !this.aside.length;
    this.more.hidden = all.length <= MOST;
    put(this.more, counted("map.more", all.length - MOST, { count: number(all.length - MOST) }));
    // What came or moved is brought into the view; otherwise it stays where its reader left it.
    const fits = JSON.stringify(this.nodes.map((node) => node.at).sort());
    if (fits !== this.#fits) this.view.fit(this.nodes.map((node) => node.at));
    this.#fits = fits;
    this.#place();
    this.update();
    if (sites.some((site) => !this.where.get(site.key))) this.#ask();
  }

  /** The most that its charging points give, in W; where none says it, one counts like another. @param {import("./sites.js").Site} site */
  #power(site) {
    return site.cps.reduce((sum, i) => sum + (this.store.cps[i].most || 11_000), 0);
  }

  /** Ask Central where its locations are, now and then. */
  async #ask() {
    if (performance.now() - this.#askedAt < AGAIN_MS) return;
    this.#askedAt = performance.now();
    try {
      const { locations } = await get("/api/locations");
      for (const { location, latitude, longitude } of locations) {
        this.where.set(siteKey(location), latitude === null ? null : [longitude, latitude]);
      }
      this.build();
    } catch {
      // It is asked again with the next change; the towns that are known here are there without it.
    }
  }

  /** @param {import("./sites.js").Site} site @param {[number, number]} at @param {number} r */
  #node(site, at, r) {
    const rings = BY_URGENCY.map((s) => h("path", { class: "arc", "data-s": STATES[s] }));
    const text = (kind, down, size) => h("text", { class: kind, y: down }, size);
    const count = text("num", 6, number(site.cps.length));
    const sub = text("sub", r + 43, "");
    const picture = h("use", { x: -8, y: -8, width: 16, height: 16 });
    const worst = h("g", { class: "worst", transform: `translate(${r * 0.75} ${-r * 0.75})` }, h("circle", { r: 11 }), picture);
    const open = () => this.view.still && this.onSite(site.name);
    const name = text("name", r + 26, "");
    const names = h("g", null, name, sub);
    const el = h("g", {
      class: "node", role: "button", tabindex: 0, "data-site": site.key, onclick: open,
      onfocus: () => this.view.reveal(at),
      onkeydown: (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        open();
      },
    }, h("circle", { class: "halo", r: r + 7 }), rings, worst, count, names);
    return { el, site, at, r, rings, count, sub, worst, picture, name, names };
  }

  /** @param {import("./sites.js").Site} site */
  #item(site) {
    const badge = h("span", { class: "badge" }, icon("available"), h("span"));
    const el = h("li", null, h("button", { type: "button", class: "plain", onclick: () => this.onSite(site.name) }, site.name || t("wall.no_location")), badge);
    return { el, site, badge };
  }

  /** Put the sites where the view shows them. */
  #place() {
    const { view, width, height } = this.view;
    const seen = this.nodes.map((node) => {
      const [x, y] = onMap(view, node.at, width, height);
      set(node.el, "transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
      return { x, y, r: node.r, name: node.site.name || t("wall.no_location") };
    });
    withRoom(seen, width, height).forEach(({ text, shift }, i) => {
      const { name, names } = this.nodes[i];
      put(name, text);
      names.classList.toggle("hush", !shift);
      set(names, "transform", `translate(${shift ?? [0, 0]})`);
    });
  }

  /** Show the rows as they are now. */
  update() {
    for (const { el, site, r, rings, count, sub, worst, picture } of this.nodes) {
      const { by, power, wanted, most } = summed(this.store.cps, site, (cp) => this.pick.match(cp));
      arcs(BY_URGENCY.map((s) => by[s] / site.cps.length), r).forEach((path, k) => set(rings[k], "d", path));
      set(worst, "data-s", STATES[most]);
      set(picture, "href", iconHref(STATES[most]));
      el.classList.toggle("dim", wanted === 0);
      put(count, this.pick.active ? `${number(wanted)}/${number(site.cps.length)}` : number(site.cps.length));
      put(sub, kw(power));
      const values = { location: site.name || t("wall.no_location"), count: site.cps.length, faulted: by[FAULTED], charging: by[CHARGING] };
      set(el, "aria-label", t("map.node", values));
    }
    for (const { site, badge } of this.aside) {
      const { most } = summed(this.store.cps, site, (cp) => this.pick.match(cp));
      set(badge, "data-s", STATES[most]);
      set(badge.querySelector("use"), "href", iconHref(STATES[most]));
      put(badge.lastChild, number(site.cps.length));
    }
  }
}
