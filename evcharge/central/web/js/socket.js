// One WebSocket that comes back: with growing pauses and jitter, not while the page is hidden for long, and anew when
// it has gone silent without a word, or the reader chose another language: what Central says is told anew in that.
import { lang, onLang } from "./i18n.js";

const FIRST_MS = 400;
const LONGEST_MS = 10_000;
const HIDDEN_MS = 30_000;
const RENEW_S = 8;
const LOGGED_OUT = 4401;

export class Socket {
  /** @type {WebSocket|null} */ #ws = null;
  #retry = 0;
  #timer = 0;
  #hiding = 0;
  #openedAt = 0;
  #opened = 0;
  /** The language of what was heard last. */ #lang = "";

  /**
   * @param {string} path
   * @param {{cursor: () => Record<string, any>, onFrame: (text: string) => void, onDoubt: () => void}} hooks `onDoubt` is
   *   called whenever somebody else may be logged in by now, or nobody.
   */
  constructor(path, hooks) {
    this.path = path;
    this.hooks = hooks;
    document.addEventListener("visibilitychange", () => this.#visibility());
    addEventListener("pagehide", () => this.#drop());
    addEventListener("online", () => this.#again());
    onLang(() => this.#openedAt && this.open());
  }

  open() {
    this.#drop();
    const url = new URL(this.path, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const asked = lang();
    const cursor = asked === this.#lang ? this.hooks.cursor() : {};
    for (const [name, value] of Object.entries({ lang: asked, ...cursor })) url.searchParams.set(name, String(value));
    const ws = new WebSocket(url);
    let heard = false;
    this.#ws = ws;
    this.#openedAt = performance.now();
    ws.onmessage = ({ data }) => {
      if (ws !== this.#ws) return;
      // While it was away, nobody said who logs in.
      if (!heard && this.#opened++) this.hooks.onDoubt();
      heard = true;
      this.#lang = asked;
      this.#retry = 0;
      this.hooks.onFrame(data);
    };
    ws.onclose = ({ code }) => {
      if (ws === this.#ws) this.#closed(code, heard);
    };
  }

  /** Open anew when nothing has been heard for `age` seconds although the socket says that it is open. @param {number} age */
  renew(age) {
    const tried = (performance.now() - this.#openedAt) / 1000;
    if (this.#alive() && age > RENEW_S && tried > RENEW_S) this.open();
  }

  #alive() {
    return this.#ws !== null && this.#ws.readyState <= WebSocket.OPEN;
  }

  /** @param {number} code @param {boolean} heard */
  #closed(code, heard) {
    this.#ws = null;
    // The browser does not say why an upgrade failed: it may have been for want of a login.
    if (!heard || code === LOGGED_OUT) this.hooks.onDoubt();
    // A lab of thirty browsers must not knock all at once when Central comes back.
    const pause = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#retry++) * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => this.open(), pause);
  }

  #again() {
    if (this.#openedAt && !this.#alive()) this.open();
  }

  #drop() {
    clearTimeout(this.#timer);
    const ws = this.#ws;
    this.#ws = null;
    ws?.close();
  }

  #visibility() {
    clearTimeout(this.#hiding);
    if (document.hidden) this.#hiding = setTimeout(() => this.#drop(), HIDDEN_MS);
    else this.#again();
  }
}
