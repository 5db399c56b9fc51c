// A wall that nobody sits at: no controls, the screen stays awake, a click or "f" fills it.
import { sheets } from "./dom.js";
import { keys } from "./keys.js";

/** Screens that may not be kept awake, or are not trusted (plain HTTP), sleep as they like. */
async function stayAwake() {
  if (document.visibilityState === "visible") await navigator.wakeLock?.request("screen").catch(() => {});
}

const fill = () => {
  if (!document.fullscreenElement) document.documentElement.requestFullscreen?.().catch(() => {});
};

/** Make the wall one of a kiosk. */
export async function kiosk() {
  document.documentElement.dataset.kiosk = "";
  await sheets("kiosk");
  document.addEventListener("visibilitychange", stayAwake);
  addEventListener("click", fill);
  keys({ f: fill });
  await stayAwake();
}
