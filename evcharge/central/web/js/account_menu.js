// The menu of the account: who it is, the other pages, the theme, the keys, and the way out.
import { $, h, icon, put, set } from "./dom.js";
import { may } from "./account.js";
import { logOut } from "./api.js";
import { problem } from "./notes.js";
import { labelled, onLang, term, words } from "./i18n.js";
import { onTheme, setTheme, theme } from "./theme.js";

/**
 * Fill the menu once, and close it by Escape, a click beside it or a choice.
 * @param {HTMLDetailsElement} element @param {import("./account.js").Account} account @param {() => void} help shows the keys
 * @param {Node[]} own the page's own entries
 */
export function fillMenu(element, account, help, own) {
  if (element.children.length > 1) return;
  const role = h("span", { class: "mute" }, term("role", account.role));
  onLang(() => put(role, term("role", account.role)));
  element.append(h("div", { class: "menu-box" }, h("div", { class: "menu-who" }, h("b", null, account.name), role), own, entries(account, help)));
  const shut = () => element.removeAttribute("open");
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !element.open) return;
    shut();
    $("summary", element).focus();
  });
  addEventListener("click", (event) => {
    const at = /** @type {Element} */ (event.target);
    if (!element.contains(at) || (at.closest("a, button") && !at.closest(".seg"))) shut();
  });
}

/** @param {import("./account.js").Account} account @param {() => void} help */
function entries(account, help) {
  const page = (href, picture, key) => location.pathname !== href && h("a", { href }, icon(picture), words("span", key));
  const action = (picture, key, fn) => h("button", { type: "button", onclick: fn }, icon(picture), words("span", key));
  return [
    may("viewer") && page("/", "wall", "shell.wall_page"),
    may("viewer") && page("/monitor", "monitor", "shell.monitor_page"),
    may("viewer") && page("/api/docs", "doc", "shell.api"),
    page("/phones", "phone", "shell.phones"),
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
