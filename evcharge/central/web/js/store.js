// The one place that knows the frames of /ws. A snapshot, then changes; rows carry absolute values, so applying
// one twice, or missing ten, does no harm. The page says by itself when what it shows has become old.
//
// Events: snapshot (all is new) · points (ids, places, prices) · rows (detail: Set of changed indexes) · alerts ·
// messages · kpi · banners · me (driver's page) · link (detail: the state) · doubt (who is logged in?).
import { keepLines, takeMessages, takePoints, takeRows } from "./rows.js";
import { Socket } from "./socket.js";
import { now, setClock, setZone } from "./zone.js";

const STALE_S = 3;
const LOST_S = 6;
const MESSAGES = 200;
const TREND = 60;
const KEPT_TIMES = 600;

/** @typedef {import("./rows.js").Cp} Cp */

export class Store extends EventTarget {
  /** @type {Cp[]} */ cps = [];
  /** @type {any[]} */ alerts = [];
  /** @type {any[]} */ messages = [];
  /** @type {any[]} */ banners = [];
  /** @type {any} */ kpi = { by: [0, 0, 0, 0, 0, 0] };
  /** @type {any} */ me = null;
  /** @type {number[]} */ free = [];
  /** @type {number[]} total power of the last minute, one a second */ trend = [];
  rev = -1;
  epoch = "";
  version = "";
  /** "wait", "live", "stale" or "lost" */ link = "wait";
  /** When the last frame came, in ms of performance.now(); 0 = none yet. */ heardAt = 0;
  rx = { frames: 0, bytes: 0, rows: 0, snapshots: 0, apply: /** @type {number[]} */ ([]) };
  #trendAt = 0;
  #socket;
  #watch = 0;
  #begunAt = 0;
  /** What is still to be done when somebody listens; null: everybody does. @type {(() => void)[]|null} */ #early = null;

  /** @param {{url?: string}} [options] */
  constructor({ url = "/ws" } = {}) {
    super();
    this.#socket = new Socket(url, {
      cursor: () => (this.rev >= 0 ? { since: this.rev, epoch: this.epoch } : {}),
      onFrame: (text) => this.#heard(() => this.#receive(text)),
      onDoubt: () => this.#heard(() => this.#emit("doubt")),
    });
  }

  /** Open the socket while the page is still being made; what it says waits for `connect`. */
  reach() {
    this.#early = [];
    this.#begunAt = performance.now();
    this.#socket.open();
  }

  /** Begin to listen, and to watch how old the page is: whoever wants the events has asked for them by now. */
  connect() {
    if (!this.#early) this.reach();
    const early = this.#early ?? [];
    this.#early = null;
    early.forEach((act) => act());
    clearInterval(this.#watch);
    this.#watch = setInterval(() => this.tick(), 500);
  }

  /** @param {() => void} act */
  #heard(act) {
    return this.#early ? this.#early.push(act) : act();
  }

  /** Return Central's time, in Unix seconds. */
  now = now;

  /** Return the instant that the page shows: Central's time, and once it is lost that of its last word. */
  shown = () => this.now() - (this.link === "lost" && this.heardAt ? this.age() : 0);

  /** Return how many seconds ago Central was last heard. */
  age() {
    return this.heardAt ? (performance.now() - this.heardAt) / 1000 : Infinity;
  }

  /** Judge the age of what is shown; a silent socket is opened anew. */
  tick() {
    const age = this.age();
    const patient = !this.heardAt && (performance.now() - this.#begunAt) / 1000 < LOST_S;
    const link = patient ? "wait" : age < STALE_S ? "live" : age < LOST_S ? "stale" : "lost";
    if (link === "lost") this.#socket.renew(age);
    if (link !== this.link || link === "stale") this.#show(link);
  }

  /** @param {string} text */
  #receive(text) {
    const begun = performance.now();
    this.rx.frames++;
    this.rx.bytes += text.length;
    this.apply(JSON.parse(text));
    if (this.rx.apply.push(performance.now() - begun) > KEPT_TIMES) this.rx.apply.shift();
  }

  /** Take one frame. @param {any} frame */
  apply(frame) {
    this.heardAt = performance.now();
    setClock(frame.now);
    const snap = frame.t === "snap", old = this.cps;
    if (snap) this.#restart(frame);
    const places = takePoints(this.cps, frame.c ?? []);
    const changed = takeRows(this.cps, frame.u ?? [], frame.faults);
    if (snap) keepLines(this.cps, old);
    this.rx.rows += changed.size;
    const fresh = takeMessages(this.messages, frame.messages ?? [], MESSAGES);
    for (const name of ["alerts", "kpi", "banners", "me", "free"]) if (frame[name] !== undefined) this[name] = frame[name];
    this.rev = frame.rev;
    this.#follow();
    if (snap) this.#emit("snapshot");
    else {
      if (places) this.#emit("points");
      if (changed.size) this.#emit("rows", changed);
      for (const name of ["alerts", "banners", "me"]) if (frame[name] !== undefined) this.#emit(name);
      if (fresh) this.#emit("messages");
      if (frame.free !== undefined && frame.me === undefined) this.#emit("me");
    }
    if (frame.kpi !== undefined) this.#emit("kpi");
    if (this.link !== "live") this.#show("live");
  }

  /** @param {any} frame */
  #restart(frame) {
    this.rx.snapshots++;
    Object.assign(this, { epoch: frame.epoch, version: frame.version ?? "", cps: [], messages: [], alerts: [], banners: [] });
    setZone(frame.zone ?? "UTC");
  }

  #follow() {
    if (this.kpi.power_w === undefined || performance.now() - this.#trendAt < 950) return;
    this.#trendAt = performance.now();
    if (this.trend.push(this.kpi.power_w) > TREND) this.trend.shift();
  }

  /** @param {string} link */
  #show(link) {
    this.link = link;
    this.#emit("link", link);
  }

  /** @param {string} type @param {unknown} [detail] */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
