// Alerts reach people who look elsewhere: in the browser's tab, at the navigation's entry, read out, as a note, and, when
// it was chosen, as a sound or a notification of the system.
import { $, h, part, put } from "./dom.js";
import { either, onLang, t, use, words } from "./i18n.js";
import { toast } from "./notes.js";
import { entitle } from "./title.js";

const KEPT = "evcharge.alarm";
const BEEPS_S = [0, 0.25];
const BEEP_S = 0.16;
const [CALM, ALARMED] = [part("icon.svg"), part("icon_alert.svg")];

/** What was chosen of "sound" and "notify". @type {Set<string>} */
const chosen = new Set((localStorage.getItem(KEPT) ?? "").split(",").filter(Boolean));
let started = false;

/** @param {any} alert */
const key = ({ id, since }) => `${id} ${since}`;

/** Follow the alerts of the page, once. @param {import("./store.js").Store} store */
export async function startAlarm(store) {
  if (started) return;
  started = true;
  await use("alarm");
  const said = document.body.appendChild(h("p", { id: "alarm", class: "sr-only", role: "status" }));
  const entry = $('.nav a[href="#wall"]');
  const count = h("b", { class: "tell", hidden: true });
  entry?.append(count);
  /** @type {Set<string>|null} */ let known = null;
  const look = () => {
    const open = store.alerts.filter((alert) => !alert.solved_at);
    const fresh = known ? open.filter((alert) => !known.has(key(alert))) : [];
    known = new Set(open.map(key));
    entitle({ count: open.length });
    $('link[rel="icon"]').setAttribute("href", open.length ? ALARMED : CALM);
    count.hidden = !open.length;
    put(count, open.length);
    count.title = t("alarm.open", { count: open.length });
    if (fresh.length) tell(fresh.length === 1 ? either(fresh[0], "what") : t("alarm.many", { count: fresh.length }), said);
  };
  for (const name of ["alerts", "snapshot"]) store.addEventListener(name, look);
  onLang(look);
  look();
}

/** @param {string} text @param {HTMLElement} said */
function tell(text, said) {
  // Where the list of alerts is in view, a note would say it twice; it is read out in either case.
  if ((document.body.dataset.tab ?? "wall") === "wall") put(said, text);
  else toast(text, "warn");
  if (chosen.has("sound")) beep();
  if (chosen.has("notify") && document.hidden && Notification.permission === "granted") {
    const note = new Notification("evcharge", { body: text, icon: CALM, tag: "evcharge" });
    note.onclick = () => {
      focus();
      note.close();
    };
  }
}

/** Two short tones. A browser in which nobody has pressed anything yet stays silent. */
function beep() {
  const audio = new AudioContext();
  const loud = audio.createGain();
  loud.gain.value = 0.2;
  loud.connect(audio.destination);
  for (const at of BEEPS_S) {
    const tone = audio.createOscillator();
    tone.frequency.value = 880;
    tone.connect(loud);
    tone.start(audio.currentTime + at);
    tone.stop(audio.currentTime + at + BEEP_S);
  }
  setTimeout(() => audio.close(), 1000);
}

/** Return the switches of the account's menu: a sound, and notifications where the browser allows them. */
export function alarmChoices() {
  const names = ["sound", ...(globalThis.isSecureContext && "Notification" in globalThis ? ["notify"] : [])];
  const button = (name) => {
    const el = words("button", `alarm.${name}`, { type: "button", "data-alarm": name, "aria-pressed": String(chosen.has(name)) });
    el.addEventListener("click", () => choose(name, el));
    return el;
  };
  return h("div", { class: "seg", role: "group", "data-t-label": "alarm.name", "aria-label": t("alarm.name") }, names.map(button));
}

/** @param {string} name @param {HTMLElement} el */
async function choose(name, el) {
  if (chosen.has(name)) chosen.delete(name);
  else {
    if (name === "notify" && (await Notification.requestPermission()) !== "granted") return toast(t("alarm.denied"), "warn");
    chosen.add(name);
    if (name === "sound") beep();
  }
  localStorage.setItem(KEPT, [...chosen].join());
  el.setAttribute("aria-pressed", String(chosen.has(name)));
}
