// The menu of the account: who it is, the other pages, the theme, the keys, and the way out.
import { h, icon, put, set } from "./dom.js";
import { may } from "./account.js";
import { logOut } from "./api.js";
import { problem } from "./notes.js";
import { labelled, onLang, term, words } from "./i18n.js";
import { onTheme, setTheme, theme } from "./theme.js";

/** @param {() => void} help shows the keys */
export function accountMenu(help) {
  const name = h("b");
  const role = h("span", { class: "mute" });
  const list = h("div", { class: "menu-box" }, h("div", { class: "menu-who" }, name, role));
  const summary = h("summary", { class: "btn square", ...labelled("shell.account") }, icon("drivers"));
  const element = h("details", { class: "menu", id: "account" }, summary, list);
  const shut = () => element.removeAttribute("open");
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !element.open) return;
    shut();
    summary.focus();
  });
  addEventListener("click", (event) => {
    const at = /** @type {Element} */ (event.target);
    if (!element.contains(at) || (at.closest("a, button") && !at.closest(".seg"))) shut();
  });
  /** @type {any} */ let shown = null;
  const label = () => shown && put(role, term("role", shown.role));
  onLang(label);
  /** @param {import("./account.js").Account} account */
  const show = (account) => {
    shown = account;
    put(name, account.name);
    label();
    list.append(...entries(account, help));
  };
  return { element, list, show };
}

/** @param {import("./account.js").Account} account @param {() => void} help */
function entries(account, help) {
  const page = (href, picture, key) => location.pathname !== href && h("a", { href }, icon(picture), words("span", key));
  const action = (picture, key, fn) => h("button", { type: "button", onclick: fn }, icon(picture), words("span", key));
  return [
    may("viewer") && page("/", "wall", "shell.wall_page"),
    may("viewer") && page("/monitor", "monitor", "shell.monitor_page"),
    may("viewer") && page("/api/docs", "doc", "shell.api"),
    action("keyboard", "shell.keys", help),
    themes(),
    action("logout", "shell.logout", () => logOut().catch(problem)),
  ].filter(Boolean);
}

function themes() {
  const button = (name) =>
    h("button", { type: "button", "data-theme-is": name, onclick: () => setTheme(name) }, words("span", `shell.theme.${name}`));
  const group = h("div", { class: "seg", role: "group", ...labelled("shell.theme") },
    ["auto", "dark", "light"].map(button));
  const show = () => {
    for (const el of group.children) set(el, "aria-pressed", String(el.dataset.themeIs === theme()));
  };
  onTheme(show);
  show();
  return group;
}
