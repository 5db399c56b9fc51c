// On a phone: the request that runs, at the bottom of the screen, wherever in the page its driver reads.
import { $, h, iconHref, put, set } from "../dom.js";
import { labelled } from "../i18n.js";

/** @param {() => void} act what the big button of the card does */
export function startBar(act) {
  const show = () => $("#live").scrollIntoView({ block: "start", behavior: "smooth" });
  const text = h("button", { type: "button", class: "bar-go", onclick: show }, h("b", { id: "bar-state" }), h("span", { id: "bar-what" }), h("small", { id: "bar-note" }));
  const stop = h("button", { type: "button", id: "bar-act", class: "act", onclick: act },
    h("svg", { class: "i", "aria-hidden": "true" }, h("use")), h("span"));
  const bar = h("section", { id: "bar", class: "bar", hidden: true, ...labelled("driver.now") }, text, stop);
  document.body.append(bar);
  // What lies at the end of the page, and what is announced, stand above it.
  new ResizeObserver(() => document.body.style.setProperty("--bar", `${bar.offsetHeight}px`)).observe(bar, { box: "border-box" });
}

/**
 * Show what the card shows: the state, what it costs so far, and what is wrong, if anything.
 * @param {import("./live.js").Face & {state: string, cp: string, picture: string, waits: boolean, note: string}} face
 */
export function showBar({ state, cp, pill, number, unit, sum, left, note, amber, act, picture, waits }) {
  const bar = $("#bar");
  bar.hidden = !cp && (state === "idle" || state === "wait");
  document.body.classList.toggle("barred", !bar.hidden);
  set(bar, "data-state", state);
  bar.classList.toggle("amber", amber ?? false);
  put($("#bar-state"), [pill, cp].filter(Boolean).join(" · "));
  put($("#bar-what"), left || (number ? `${number} ${unit} · ${sum}` : ""));
  // The time that is left says the same.
  put($("#bar-note"), left ? "" : note);
  const button = $("#bar-act");
  button.hidden = !act;
  put($("span", button), act);
  set($("use", button), "href", iconHref(picture));
  set(button, "aria-disabled", String(waits));
}
