// A wall that nobody sits at: no controls, the screen stays awake, a click or "f" fills it.
import { part, sheets } from "./dom.js";
import { keys } from "./keys.js";

/** Screens that may not be kept awake, or are not trusted (plain HTTP), sleep as they like. */
async function stayAwake() {
  if (document.visibilityState === "visible") await navigator.wakeLock?.request("screen").catch(() => {});
}

const fill = () => {
  if (!document.fullscreenElement) document.documentElement.requestFullscreen?.().catch(() => {});
};

/** Begin anew when Central has come back with other parts than this page is made of. @param {import("./store.js").Store} store */
function renew(store) {
  const version = part("").split("/")[2];
  let { epoch } = store;
  store.addEventListener("snapshot", async () => {
    if (store.epoch === epoch) return;
    epoch = store.epoch;
    // It names the version of all parts.
    const worker = await fetch("/sw.js", { cache: "no-store" }).then((answer) => (answer.ok ? answer.text() : version), () => version);
    if (!worker.includes(version)) location.reload();
  });
}

/** Make the wall one of a kiosk. @param {import("./store.js").Store} store */
export async function kiosk(store) {
  document.documentElement.dataset.kiosk = "";
  await sheets("kiosk");
  document.addEventListener("visibilitychange", stayAwake);
  addEventListener("click", fill);
  renew(store);
  keys({ f: fill });
  await stayAwake();
}
