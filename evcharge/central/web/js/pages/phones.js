// How a phone on this network comes to trust Central: its authority's certificate, and how to tell that it is the right one.
import { get } from "../api.js";
import { $, icon, put } from "../dom.js";
import { languageChoice, onLang, t } from "../i18n.js";
import { toggleTheme } from "../theme.js";

/** @type {{sha256: string, local: boolean}|null} */ let known = null;
let failed = false;

function show() {
  put($("#fingerprint"), known?.sha256 ?? t(failed ? "phones.failed" : "phones.asking"));
  $("#local").hidden = !known?.local;
  document.title = `${t("phones.title")} · evcharge`;
}

$("header").prepend(languageChoice());
$("#theme").append(icon("theme"));
$("#theme").addEventListener("click", toggleTheme);
const secure = /** @type {HTMLAnchorElement} */ ($("#secure"));
secure.protocol = "https:";
put(secure, secure.href);
onLang(show);
show();
try {
  known = await get("/api/trust");
} catch {
  failed = true;
}
show();
