// What has just happened, the newest first.
import { h, icon } from "./dom.js";
import { when } from "./format.js";
import { fitting, labelled, lang, words } from "./i18n.js";
import { keyed } from "./keyed.js";
import { dayOf } from "./zone.js";

const MOST = 40;
const SHOWN_AS = { ok: "available", info: "info", warn: "unavailable", bad: "faulted" };

/** Leave out what makes a session's name unguessable: nobody reads it, and the rest needs the room. @param {string} text */
export const brief = (text) => text.replace(/\bS-([A-Z0-9_-]+)-[0-9a-f]{16}\b/g, "$1");

/** Return the line of one message. @param {any} message @param {number} now */
export function messageLine(message, now) {
  const text = fitting(message);
  return h("li", { "data-s": SHOWN_AS[message.kind] ?? "info", "data-kind": message.kind },
    h("time", null, when(message.at, now)), h("span", { title: text }, brief(text)));
}

export class MessagesList {
  /** @param {HTMLElement} root @param {import("./store.js").Store} store */
  constructor(root, store) {
    this.store = store;
    this.list = h("ol", { class: "messages" });
    this.none = words("p", "messages.none", { class: "none" });
    root.append(h("h2", null, icon("audit"), words("span", "messages.name")),
      h("div", { class: "scroll", role: "region", tabindex: 0, ...labelled("messages.name") }, this.list, this.none));
  }

  update() {
    const now = this.store.now();
    const last = this.store.messages.slice(-MOST).reverse();
    this.none.hidden = last.length > 0;
    // What needs no date today needs one tomorrow.
    keyed(this.list, last, (message) => `${message.r} ${lang()} ${dayOf(now)} ${fitting(message)}`, (message) => messageLine(message, now));
  }
}
