// Charging points that the driver likes, and those of which it wants to hear that they are free: kept in this browser.
import { t } from "../i18n.js";
import { toast } from "../notes.js";

const LIKED = "evcharge.favourites";
const WAITED = "evcharge.waited";

/** @param {string} key */
function kept(key) {
  return new Set((localStorage.getItem(key) ?? "").split(",").filter(Boolean));
}

const [liked, waited] = [kept(LIKED), kept(WAITED)];

/** @param {string} cp */
export const likes = (cp) => liked.has(cp);

/** @param {string} cp */
export const waitsFor = (cp) => waited.has(cp);

/** Like it, or no longer. @param {string} cp */
export const like = (cp) => turn(liked, LIKED, cp);

/** Tell when it is free, or no longer. Asks for notifications of the system, where the browser has them. @param {string} cp */
export function waitFor(cp) {
  turn(waited, WAITED, cp);
  if (waited.has(cp) && globalThis.isSecureContext && "Notification" in globalThis) Notification.requestPermission();
}

/** @param {Set<string>} set @param {string} key @param {string} cp */
function turn(set, key, cp) {
  if (!set.delete(cp)) set.add(cp);
  localStorage.setItem(key, [...set].join());
}

/** Tell of those that were waited for and are free now: once. @param {string[]} free ids */
export function tellFree(free) {
  for (const cp of free.filter(waitsFor)) {
    turn(waited, WAITED, cp);
    const text = t("driver.free_now", { cp });
    toast(text);
    if (document.hidden && globalThis.isSecureContext && "Notification" in globalThis && Notification.permission === "granted") {
      const note = new Notification("evcharge", { body: text, icon: "/static/icon.svg", tag: `free-${cp}` });
      note.onclick = () => (focus(), note.close());
    }
  }
}
