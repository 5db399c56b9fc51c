// The first tab of the operator's page: figures, chips, charging points and the lists beside them. Frames come ten
// times a second; what is painted is at most one picture of the screen, and words for people change once a second.
import { AlertsList } from "./alerts_list.js";
import { h } from "./dom.js";
import { labelled, onLang } from "./i18n.js";
import { Kpis } from "./kpis.js";
import { Legend } from "./legend.js";
import { MessagesList } from "./messages_list.js";
import { Pick } from "./pick.js";
import { Running } from "./running.js";
import { onTheme } from "./theme.js";
import { Views } from "./views.js";
import { goTo, goToCause, openPoint } from "./wall_ways.js";

const SECOND_MS = 950;
const KEPT_TIMES = 600;

export class WallView {
  pick = new Pick();
  /** For measurements: ms of each paint, tiles painted, ms until the first picture, ms of long tasks. */
  stats = { paint: /** @type {number[]} */ ([]), painted: 0, ready: 0, long: 0 };
  #changed = new Set();
  /** @type {any} */ drawer;
  #asked = false;
  #wordsAt = 0;
  #listsAt = 0;

  /** @param {HTMLElement} root @param {import("./store.js").Store} store */
  constructor(root, store) {
    this.root = root;
    this.store = store;
    const part = (tag, name, attrs) => h(tag, { class: name, ...attrs });
    const kpis = part("section", "kpis", { ...labelled("kpi.name") });
    const chips = part("div", "chips");
    const view = part("section", "view", { id: "wall", ...labelled("wall.name") });
    const [alerts, running, messages] = ["alerts-panel", "running-panel", "messages-panel"].map((name) => part("section", `panel ${name}`));
    const side = part("aside", "side", { ...labelled("side.name") });
    side.append(alerts, running, messages);
    root.append(kpis, chips, h("div", { class: "stage" }, view), side);
    const open = (i) => openPoint(this, i);
    const go = (id) => goTo(this, id);
    this.views = new Views(view, store, this.pick, open);
    this.kpis = new Kpis(kpis, store, this.pick, open);
    this.legend = new Legend(chips, store, this.pick);
    chips.append(this.views.grouping);
    this.alerts = new AlertsList(alerts, store, (alert) => goToCause(this, alert));
    this.running = new Running(running, store, go);
    this.messages = new MessagesList(messages, store);
    this.#listen();
  }

  #listen() {
    const { store } = this;
    store.addEventListener("snapshot", () => {
      this.rebuild();
      this.stats.ready ||= performance.now();
    });
    store.addEventListener("points", () => this.rebuild());
    store.addEventListener("rows", (event) => {
      for (const i of /** @type {CustomEvent} */ (event).detail) this.#changed.add(i);
      this.#ask();
    });
    for (const name of ["alerts", "messages", "kpi"]) store.addEventListener(name, () => this.#ask());
    // What the last frame brought is shown even when no other follows; and ages go on.
    setInterval(() => this.#ask(), SECOND_MS / 2);
    onLang(() => this.words());
    onTheme(() => this.kpis.mini?.recolour());
    this.pick.addEventListener("change", () => this.kpis.mini?.draw());
    if (PerformanceObserver.supportedEntryTypes?.includes("longtask")) {
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) this.stats.long += entry.duration;
      }).observe({ type: "longtask" });
    }
  }

  /** Charging points came, moved, or are all new. */
  rebuild() {
    this.kpis.whole();
    this.#changed.clear();
    this.views.build();
    this.kpis.mini?.layout();
    this.words();
  }

  #ask() {
    if (this.#asked || this.root.hidden || this.store.rev < 0) return;
    this.#asked = true;
    requestAnimationFrame(() => this.#paint());
  }

  #paint() {
    this.#asked = false;
    const begun = performance.now();
    const changed = this.#changed;
    this.#changed = new Set();
    this.stats.painted += this.views.update(changed);
    this.kpis.mini?.update(changed);
    // The lists have their turn in another picture than the figures.
    if (begun - this.#wordsAt > SECOND_MS) this.#figures(begun);
    else if (begun - this.#listsAt > SECOND_MS) this.#lists(begun);
    if (this.stats.paint.push(performance.now() - begun) > KEPT_TIMES) this.stats.paint.shift();
  }

  /** Everything that is read, at once. */
  words() {
    const now = performance.now();
    this.#figures(now);
    this.#lists(now);
  }

  /** @param {number} at */
  #figures(at) {
    this.#wordsAt = at;
    this.kpis.update();
    this.legend.update();
    this.views.tick();
  }

  /** @param {number} at */
  #lists(at) {
    this.#listsAt = at;
    this.alerts.update();
    this.running.update();
    this.messages.update();
  }

  /** The tab is shown again: catch up. */
  resume() {
    this.views.update(this.#changed);
    this.#changed = new Set();
    this.kpis.mini?.layout();
    this.words();
  }
}
