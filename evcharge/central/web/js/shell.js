// The frame of every page after the login: navigation, header, connection, banners, language, theme, account.
import { $, h, icon, put, set, sheets } from "./dom.js";
import { whoami } from "./account.js";
import { watchBanners, watchLead, watchLink } from "./connection.js";
import { clock } from "./format.js";
import { keys } from "./keys.js";
import { later } from "./later.js";
import { toast } from "./notes.js";
import { labelled, languageChoice, nextLang, t, use, words } from "./i18n.js";
import { toggleTheme } from "./theme.js";
import { entitle } from "./title.js";
import { zone } from "./zone.js";

const PATIENCE_MS = 3000;

/**
 * Build the frame around the page's <main>, and wait until Central says who is logged in.
 * @param {object} page
 * @param {import("./store.js").Store} page.store
 * @param {string} page.title key of the page's name
 * @param {string} [page.subtitle] key
 * @param {{href: string, icon: string, key: string}[]} [page.nav]
 * @param {[string, string][]} [page.keys] its own keys and the key of what they do, for the help
 * @param {string[]} [page.packs] words to load: words/<language>_<name>.js
 * @returns {Promise<{account: import("./account.js").Account, actions: HTMLElement, menu: Node[], main: HTMLElement}>}
 *   `actions`: its own controls in the header; `menu`: its own entries in the account's menu, to be added at once.
 */
export async function startShell({ store, title, subtitle, nav = [], keys: pageKeys = [], packs = ["codes"] }) {
  document.body.classList.add("app");
  document.body.classList.toggle("no-nav", nav.length === 0);
  const main = $("main");
  main.id ||= "main";
  main.tabIndex = -1;
  main.classList.add("aging");
  const actions = h("div", { class: "actions" });
  const help = async () => {
    const [{ keysHelp }] = await Promise.all([import("./keys_help.js"), sheets("menu")]);
    keysHelp([...pageKeys, ["t", "key.theme"], ["l", "key.language"], ["?", "key.help"]]);
  };
  /** @type {Node[]} */ const own = [];
  const account = h("details", { class: "menu", id: "account" }, h("summary", { class: "btn square", ...labelled("shell.account") }, icon("drivers")));
  const link = h("output", { id: "link", class: "link" }, h("i"), h("span", null, t("link.wait")));
  const top = h("header", { class: "top" },
    h("a", { class: "brand", href: "/", "aria-label": "evcharge" }, logo()),
    h("h1", null, words("span", title), subtitle && words("small", subtitle)),
    actions, link, h("time", { id: "clock" }), languageChoice(), themeButton(), account,
  );
  const notes = h("div", { class: "notes" },
    h("div", { id: "lost", class: "lost", role: "alert", hidden: true }),
    h("div", { id: "banners", class: "banners", role: "status" }),
  );
  main.before(words("a", "shell.skip", { class: "skip", href: "#main" }), ...(nav.length ? [navigation(nav)] : []), top, notes);
  $(".skip").addEventListener("click", (event) => {
    // The address keeps naming the tab.
    event.preventDefault();
    main.focus();
  });
  entitle({ what: () => t(title) });
  keys({ t: toggleTheme, l: nextLang, "?": help });
  watchLink(store);
  watchBanners(store);
  store.addEventListener("doubt", () => whoami().catch(() => {}));
  // What the browser kept of a page shows what was so when it was left, perhaps to somebody else.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  setInterval(() => {
    put($("#clock"), clock(store.now()));
    set($("#clock"), "title", zone());
  }, 1000);
  const [who] = await Promise.all([patiently(whoami), patiently(() => use(...packs))]);
  // A link on another site brings no cookie along: only now it is known that this is not the account's page.
  if ((who.role === "driver") !== (location.pathname === "/driver")) location.replace("/");
  const fill = async () => {
    const watches = who.role !== "driver";
    const [{ fillMenu }, alarm] = await Promise.all([import("./account_menu.js"), watches && import("./alarm.js"), sheets("menu", "dialogs"), import("./dialogs.js")]);
    await (alarm && alarm.startAlarm(store));
    import("./offline.js").then(({ keepShell }) => keepShell()).catch(() => {});
    fillMenu(account, who, help, alarm ? [...own, alarm.alarmChoices()] : own);
  };
  account.addEventListener("toggle", () => fill().catch(() => toast(t("api.unreachable"), "bad")));
  const rest = () => {
    later(fill);
    if (who.role !== "driver") later(() => watchLead(store));
  };
  if (store.rev >= 0) rest();
  else store.addEventListener("snapshot", rest, { once: true });
  return { account: who, actions, menu: own, main };
}

/** Ask until there is an answer: Central may be starting. @template T @param {() => Promise<T>} ask @returns {Promise<T>} */
async function patiently(ask) {
  for (;;) {
    try {
      return await ask();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
    }
  }
}

/** @param {{href: string, icon: string, key: string}[]} items */
function navigation(items) {
  const link = (item) => h("a", { href: item.href, class: item.far ? "far" : null }, icon(item.icon), words("span", item.key));
  // A phone shows the first few and where it is; the button shows the rest.
  const more = h("button", { type: "button", class: "more", "aria-expanded": "false" }, icon("more"), words("span", "shell.more"));
  const nav = h("nav", { class: "nav", ...labelled("shell.nav") },
    h("a", { class: "brand", href: "/", "aria-label": "evcharge" }, logo()),
    items.map(link), more,
  );
  const show = (all) => set(more, "aria-expanded", String(nav.classList.toggle("all", all)));
  addEventListener("click", ({ target }) => show(more.contains(target) && !nav.classList.contains("all")));
  nav.addEventListener("keydown", ({ key }) => key === "Escape" && show(false));
  return nav;
}

const logo = () =>
  h("svg", { viewBox: "0 0 32 32", "aria-hidden": "true" },
    h("rect", { width: 32, height: 32, rx: 9 }),
    h("path", { d: "M18 4 8 17.6h6.7L13.2 28 24 13.8h-7z" }),
  );

const themeButton = () =>
  h("button", {
    id: "theme", type: "button", class: "ghost square", ...labelled("shell.theme"),
    onclick: toggleTheme,
  }, icon("theme"));
