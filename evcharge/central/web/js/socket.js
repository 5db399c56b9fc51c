// One WebSocket that comes back: with growing pauses and jitter, not while the page is hidden for long, and anew when
// it has gone silent without a word.

const FIRST_MS = 400;
const LONGEST_MS = 10_000;
const HIDDEN_MS = 30_000;
const RENEW_S = 8;
const LOGGED_OUT = 4401;
const NOT_ALLOWED = 4403;

export class Socket {
  /** @type {WebSocket|null} */ #ws = null;
  #retry = 0;
  #timer = 0;
  #hiding = 0;
  #openedAt = 0;
  #wanted = false;

  /**
   * @param {string} path
   * @param {{cursor: () => Record<string, any>, onFrame: (text: string) => void,
   *   onRefused: (code: number) => void}} hooks `onRefused` gets 4401, 4403, or 0 when the upgrade itself failed.
   */
  constructor(path, hooks) {
    this.path = path;
    this.hooks = hooks;
    document.addEventListener("visibilitychange", () => this.#visibility());
    addEventListener("pagehide", () => this.#drop());
    addEventListener("pageshow", (event) => {
      if (event.persisted && this.#wanted) this.open();
    });
    addEventListener("online", () => {
      if (this.#wanted && !this.#alive()) this.open();
    });
  }

  open() {
    this.#wanted = true;
    this.#drop();
    const url = new URL(this.path, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    for (const [name, value] of Object.entries(this.hooks.cursor())) url.searchParams.set(name, String(value));
    const ws = new WebSocket(url);
    let heard = false;
    this.#ws = ws;
    this.#openedAt = performance.now();
    ws.onmessage = ({ data }) => {
      if (ws !== this.#ws) return;
      heard = true;
      this.#retry = 0;
      this.hooks.onFrame(data);
    };
    ws.onclose = ({ code }) => {
      if (ws === this.#ws) this.#closed(code, heard);
    };
  }

  close() {
    this.#wanted = false;
    this.#drop();
  }

  /** Open anew when nothing has been heard for `age` seconds although the socket says that it is open. @param {number} age */
  renew(age) {
    const tried = (performance.now() - this.#openedAt) / 1000;
    if (this.#wanted && this.#alive() && age > RENEW_S && tried > RENEW_S) this.open();
  }

  #alive() {
    return this.#ws !== null && this.#ws.readyState <= WebSocket.OPEN;
  }

  /** @param {number} code @param {boolean} heard */
  #closed(code, heard) {
    this.#ws = null;
    if (code === LOGGED_OUT || code === NOT_ALLOWED) {
      this.#wanted = false;
      this.hooks.onRefused(code);
      return;
    }
    if (!heard) this.hooks.onRefused(0);
    // A lab of thirty browsers must not knock all at once when Central comes back.
    const pause = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#retry++) * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => this.open(), pause);
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
    else if (this.#wanted && !this.#alive()) this.open();
  }
}
