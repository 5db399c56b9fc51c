// Has the browser keep the shell of this page, where it may (HTTPS, or this computer): sw.js. Loaded when the page is idle.
import { part } from "./dom.js";

const WORKER = "/sw.js";
let begun = false;

/** Keep, once, what this page was made of; its version is the one that is kept. */
export async function keepShell() {
  if (begun || !globalThis.isSecureContext || !navigator.serviceWorker) return;
  begun = true;
  await navigator.serviceWorker.register(/** @type {any} */ (trusted()), { updateViaCache: "none" });
  const { active } = await navigator.serviceWorker.ready;
  const parts = performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname);
  active?.postMessage({ keep: [...new Set(parts.filter((path) => path.startsWith(part(""))))] });
}

/** The one address of a script that is not written in the HTML: browsers want it named as such. */
function trusted() {
  const types = /** @type {any} */ (globalThis).trustedTypes;
  return types ? types.createPolicy("evcharge", { createScriptURL: () => WORKER }).createScriptURL(WORKER) : WORKER;
}
