// What the first picture of a page does not need is loaded when the browser has nothing else to do.

const PAUSE_MS = 2000;
/** @type {Promise<unknown>[]} */ const all = [];

/**
 * Run `fn` when the browser is idle. What fails (Central may be gone) is not said: it is asked for again when it is
 * needed. The mark "whole" tells measurements when the last one has ended.
 * @param {() => unknown} fn
 */
export function later(fn) {
  const idle = globalThis.requestIdleCallback ?? ((run) => setTimeout(run, 200));
  all.push(new Promise((resolve) => idle(resolve, { timeout: PAUSE_MS })).then(fn).catch(() => {}));
  const count = all.length;
  Promise.all(all).then(() => count === all.length && performance.mark("whole"));
}
