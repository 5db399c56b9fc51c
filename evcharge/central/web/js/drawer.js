// One charging point in full. What it shows stays live while it is open; its history is asked again now and then.
import { may } from "./account.js";
import { get } from "./api.js";
import { closesBeside } from "./beside.js";
import { move, out, resume, revoke, isOut } from "./commands.js";
import { sinceWords, statusWord } from "./cp_words.js";
import { dayStrip } from "./day_strip.js";
import { factsOf, showFacts } from "./drawer_parts.js";
import { h, icon, iconHref, put, set } from "./dom.js";
import { fitting, labelled, onLang, words } from "./i18n.js";
import { messageLine } from "./messages_list.js";
import { HOUR, lastHour, spark } from "./spark.js";
import { AVAILABLE, FINISHING, REVOKED, STATES } from "./states.js";
import { dayOf } from "./zone.js";

const ASK_MS = 10_000, SHOW_MS = 250;
const HEIGHT = 60;
const MESSAGES = 8;
const endCharge = (cp) => import("./end_charge.js").then((order) => order.endCharge(cp));
const startFor = (cp) => import("./start_for.js").then((order) => order.startFor(cp));

export class Drawer {
  // Not its index: a Central that starts anew numbers them anew.
  #id = "";
  /** @type {any} */ #detail = null;
  #asking = 0;
  #shownAt = 0;
  #timer = 0;

  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.#build();
    const live = () => this.dialog.open && performance.now() - this.#shownAt > SHOW_MS && this.show();
    for (const name of ["rows", "snapshot", "points"]) store.addEventListener(name, live);
    // The last row before a pause is not lost, and ages go on.
    setInterval(() => this.dialog.open && this.show(), 1000);
    onLang(() => this.dialog.open && this.show());
    this.dialog.addEventListener("close", () => clearTimeout(this.#timer));
    closesBeside(this.dialog);
  }

  #build() {
    const act = (name, kind, fn) => h("button", { type: "button", class: kind, "data-act": name, onclick: () => this.#order(fn) }, words("span", `command.${name}`));
    this.title = h("h2", { id: "drawer-title" });
    this.use = h("use");
    this.sub = h("p");
    this.facts = h("dl");
    this.area = h("path", { class: "a" });
    this.line = h("path", { class: "l" });
    this.power = h("figure", null, words("figcaption", "drawer.hour"),
      h("svg", { class: "trend", viewBox: `0 0 ${HOUR - 1} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, this.area, this.line));
    this.day = h("div");
    this.messages = h("ol", { class: "messages" });
    this.head = h("header", null, h("svg", { class: "i", "aria-hidden": "true" }, this.use), h("div", null, this.title, this.sub),
      h("button", { type: "button", class: "x", ...labelled("dialog.close"), onclick: () => this.dialog.close() }, icon("close")));
    this.buttons = { start: act("start", "go", startFor), end: act("end", "warn", endCharge), out: act("out", "warn", out), resume: act("resume", "go", resume), revoke: act("revoke", "danger", revoke) };
    const withdraw = (cp) => import("./withdraw.js").then((order) => order.withdraw(cp));
    const more = may("admin") ? [act("price", "ghost", (cp) => import("./reprice.js").then((form) => form.reprice(cp))), act("move", "ghost", move), act("withdraw", "danger", withdraw)] : [];
    const qr = act("qr", "ghost", (cp) => import("./qr.js").then(({ showQr }) => showQr(this.store, cp)));
    const day = h("figure", null, words("figcaption", "drawer.day"), this.day,
      h("p", { class: "ends" }, words("span", "drawer.day_ago"), words("span", "drawer.now")));
    this.dialog = h("dialog", { id: "drawer", class: "drawer aging", "aria-labelledby": "drawer-title" }, this.head,
      h("footer", null, may("operator") && Object.values(this.buttons), more, qr),
      this.facts, this.power, day,
      h("figure", null, words("figcaption", "messages.name"), this.messages));
    document.body.append(this.dialog);
  }

  /** Open on a charging point. @param {number} i its index */
  open(i) {
    if (!this.store.cps[i]) return;
    this.#id = this.store.cps[i].id;
    this.#detail = null;
    this.show();
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.scrollTop = 0;
    this.#ask();
  }

  /** The charging point as it is now; undefined when it is gone. */
  #cp() {
    return this.store.cps.find((cp) => cp?.id === this.#id);
  }

  /** @param {(cp: import("./rows.js").Cp) => unknown} command */
  #order(command) {
    const cp = this.#cp();
    if (cp) command(cp);
  }

  /** Ask Central for what the rows do not carry, again and again while the drawer is open. */
  async #ask() {
    clearTimeout(this.#timer);
    const turn = ++this.#asking;
    const found = await get(`/api/cps/${encodeURIComponent(this.#id)}`).catch(() => null);
    const cp = this.#cp();
    if (turn !== this.#asking || !this.dialog.open || !cp) return;
    this.#detail = found?.cp ?? found ?? this.#detail ?? {};
    this.#showDay();
    this.show();
    this.#timer = setTimeout(() => this.#ask(), ASK_MS);
  }

  #showDay() {
    const history = this.#detail?.history ?? [];
    this.day.replaceChildren(history.length ? dayStrip(history, this.store.now()) : words("p", "drawer.no_day", { class: "none" }));
  }

  /** Show it as it is now; when it is gone, close. */
  show() {
    this.#shownAt = performance.now();
    const cp = this.#cp();
    if (!cp) return this.dialog.close();
    const now = this.store.shown();
    if (!this.#detail) this.#showDay();
    this.dialog.dataset.cp = cp.id;
    set(this.head, "data-s", STATES[cp.s]);
    set(this.use, "href", iconHref(STATES[cp.s]));
    put(this.title, cp.id);
    put(this.sub, [statusWord(cp.s), sinceWords(cp, now)].filter(Boolean).join(" · "));
    showFacts(this.facts, factsOf(cp, this.#detail, now));
    const hour = lastHour(this.#detail?.power ?? [], now, cp.power);
    this.power.hidden = !hour.some(Boolean);
    const [line, area] = spark(hour, HOUR, HEIGHT);
    set(this.line, "d", line);
    set(this.area, "d", area);
    this.buttons.start.disabled = Boolean(cp.session) || cp.s !== AVAILABLE && cp.s !== FINISHING;
    this.buttons.end.disabled = !cp.session;
    this.buttons.out.disabled = isOut(cp);
    this.buttons.resume.disabled = !isOut(cp);
    this.buttons.revoke.disabled = Boolean(cp.flags & REVOKED);
    this.#showMessages(cp, now);
  }

  /** @param {import("./rows.js").Cp} cp @param {number} now */
  #showMessages(cp, now) {
    const mine = this.store.messages.filter((message) => message.cp === cp.id).slice(-MESSAGES).reverse();
    const shown = `${cp.id} ${document.documentElement.lang} ${dayOf(now)} ${mine[0]?.r} ${fitting(mine[0])}`;
    if (this.messages.dataset.shown === shown) return;
    this.messages.dataset.shown = shown;
    this.messages.replaceChildren(...(mine.length ? mine.map((message) => messageLine(message, now)) : [words("li", "drawer.none", { class: "none" })]));
  }
}
