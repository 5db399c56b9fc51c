// The login page: one form for people and drivers. Errors are plain sentences; the way back is never another site.
import { $, icon, put } from "../dom.js";
import { languageChoice, nextLang, onLang, t } from "../i18n.js";
import { keys } from "../keys.js";
import { follow, followWall, knock } from "../login/knock.js";
import { isWall, safeNext } from "../login/next.js";
import { toggleTheme } from "../theme.js";

/** @type {() => string} the problem, in the language of the moment */
let told = () => "";
let busy = false;
let counting = 0;

const form = /** @type {HTMLFormElement} */ ($("#form"));
const name = /** @type {HTMLInputElement} */ ($("#name"));
const password = /** @type {HTMLInputElement} */ ($("#password"));

function showWords() {
  put($("#problem"), told());
  put($("#reveal"), t(password.type === "text" ? "login.hide" : "login.show"));
  put($("#enter"), t(busy ? "login.entering" : "login.enter"));
  document.title = `${t("login.title")} · evcharge`;
}

/** @param {() => string} words @param {HTMLInputElement} [field] gets the focus */
function tell(words, field) {
  told = words;
  $("#problem").removeAttribute("aria-live");
  put($("#problem"), told());
  for (const input of [name, password]) input.removeAttribute("aria-invalid");
  field?.setAttribute("aria-invalid", "true");
  field?.focus();
}

/** @param {boolean} now */
function setBusy(now) {
  busy = now;
  // Not `disabled`: the button keeps the focus of whoever pressed it.
  $("#enter").setAttribute("aria-disabled", String(now));
  put($("#enter"), t(now ? "login.entering" : "login.enter"));
}

async function enter() {
  if (busy) return;
  clearInterval(counting);
  const who = name.value.trim();
  if (!who) return tell(() => t("login.no_name"), name);
  if (!password.value) return tell(() => t("login.no_password"), password);
  tell(() => "");
  setBusy(true);
  const answer = await knock(who, password.value);
  if (!answer.account) return explain(answer);
  goOn(answer.account);
}

/** @param {{role: string}} account */
function goOn({ role }) {
  if (role === "service") return refuse(() => t("login.program"));
  location.replace(safeNext(new URLSearchParams(location.search).get("next"), role));
}

/**
 * A link that somebody clicked: its secret stands behind `#`, and no longer than needed.
 * @param {string} secret @param {typeof follow} ask @param {string} gone what is so when it is not good
 */
async function enterByLink(secret, ask, gone) {
  history.replaceState(null, "", location.pathname + location.search);
  setBusy(true);
  const answer = await ask(secret);
  if (answer.account) return goOn(answer.account);
  if (answer.status === 401) return refuse(() => t(gone), name);
  explain(answer);
}

/** @param {() => string} words @param {HTMLInputElement} [field] */
function refuse(words, field) {
  setBusy(false);
  tell(words, field);
}

/** @param {{status: number, code: string, text: string, wait_s: number}} answer */
function explain({ status, code, text, wait_s }) {
  if (status === 429) return wait(wait_s);
  if ([400, 401, 422].includes(status)) {
    password.select();
    return refuse(() => t("login.wrong"), password);
  }
  if (status === 0) return refuse(() => t("login.central"));
  if (code === "E_UNREACHABLE") return refuse(() => t("login.registry"));
  if (code === "E_BUSY") return refuse(() => t("login.busy"));
  if (code === "E_DISABLED") return refuse(() => t("login.disabled"));
  refuse(() => t("login.failed", { status, problem: text }));
}

/** Count down the seconds that Central asks to wait. @param {number} seconds */
function wait(seconds) {
  if (!seconds) return refuse(() => t("login.wait_some"));
  const until = performance.now() + seconds * 1000;
  const left = () => Math.ceil((until - performance.now()) / 1000);
  refuse(() => (left() > 0 ? t("login.wait", { seconds: left() }) : t("login.again")));
  counting = setInterval(() => {
    // It was read out once by a screen reader; from now on it only counts.
    $("#problem").setAttribute("aria-live", "off");
    if (left() <= 0) {
      clearInterval(counting);
      $("#problem").removeAttribute("aria-live");
    }
    put($("#problem"), told());
  }, 1000);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  enter();
});
// Before somebody listens, the browser would send the form by itself.
$("#enter").removeAttribute("disabled");
$("#reveal").addEventListener("click", () => {
  const shown = password.type === "password";
  password.type = shown ? "text" : "password";
  $("#reveal").setAttribute("aria-pressed", String(shown));
  put($("#reveal"), t(shown ? "login.hide" : "login.show"));
});
$("#theme").append(icon("theme"));
$("#theme").addEventListener("click", toggleTheme);
$("header").prepend(languageChoice());
keys({ t: toggleTheme, l: nextLang });
onLang(showWords);
showWords();
// A page that comes back from the browser's cache must not wait for an answer of long ago.
addEventListener("pageshow", () => setBusy(false));
name.focus();
function byLink() {
  const secrets = new URLSearchParams(location.hash.slice(1));
  const [link, token] = [secrets.get("link"), secrets.get("token")];
  if (link) enterByLink(link, follow, "login.link_used");
  else if (token) enterByLink(token, followWall, "login.wall_void");
  // A screen on a wall is sent here when its link was withdrawn, or when it asks another Central than the one that it was
  // opened at. There is nobody in front of it to type a password.
  else if (isWall(new URLSearchParams(location.search).get("next"))) tell(() => t("login.wall_left"));
}
// Also one that is opened while this page is shown.
addEventListener("hashchange", byLink);
byLink();
