// On a phone: the request that runs, at the bottom of the screen, wherever in the page its driver reads.
import { $, h, iconHref, put, set } from "../dom.js";
import { labelled } from "../i18n.js";

/** @param {() => void} act what the big button of the card does */
export function startBar(act) {
  const show = () => $("#live").scrollIntoView({ block: "start", behavior: "smooth" });
  const text = h("button", { type: "button", class: "bar-go", onclick: show }, h("b", { id: "bar-state" }), h("span", { id: "bar-what" }));
  const stop = h("button", { type: "button", id: "bar-act", class: "act", onclick: act },
    h("svg", { class: "i", "aria-hidden": "true" }, h("use")), h("span"));
  document.body.append(h("section", { id: "bar", class: "bar", hidden: true, ...labelled("driver.now") }, text, stop));
}

/**
 * Show what the card shows, in two lines. @param {import("./live.js").Face & {state: string, cp: string, picture: string, waits: boolean}} face
 */
export function showBar({ state, cp, pill, number, unit, sum, under, left, act, picture, waits }) {
  const bar = $("#bar");
  bar.hidden = !cp && (state === "idle" || state === "wait");
  document.body.classList.toggle("barred", !bar.hidden);
  set(bar, "data-state", state);
  put($("#bar-state"), [pill, cp].filter(Boolean).join(" · "));
  const sums = number && state !== "broken" ? `${number} ${unit} · ${sum}` : "";
  put($("#bar-what"), left || sums || under || "");
  const button = $("#bar-act");
  button.hidden = !act;
  put($("span", button), act);
  set($("use", button), "href", iconHref(picture));
  set(button, "aria-disabled", String(waits));
}
