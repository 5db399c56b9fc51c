// The request as steps: sent → authorised → plug in → charging → ticket. Pure, but for the list that shows them.
import { h, icon, put } from "../dom.js";
import { clock, euros, kwh, time } from "../format.js";
import { fitting, t } from "../i18n.js";

const NAMES = ["sent", "authorised", "plug", "charging", "ticket"];
const ENDS = { sent: "sent", authorised: "authorised", plug: "plug", charging: "ended", ticket: "ended" };

/** @typedef {{name: string, state: "done"|"now"|"todo"|"bad", words: string, at: number|undefined}} Step */

/** Return the index of the step that is under way; 5 when all are done. @param {import("./record.js").Record} record */
function underWay(record) {
  const { phase, times, last } = record;
  if (phase === "done") return 5;
  if (phase === "ended") return 4;
  if (phase === "sending") return 0;
  if (times.charging || last?.step === "CHARGING") return 3;
  if (times.authorised) return 2;
  return times.sent && (phase !== "refused" || last) ? 1 : 0;
}

/** Return the steps of a request. @param {import("./record.js").Record} record @param {boolean} stopping @returns {Step[]} */
export function stepsOf(record, stopping) {
  const now = underWay(record);
  const refused = record.phase === "refused";
  const upTo = refused ? Math.max(1, now) : NAMES.length - 1;
  return NAMES.slice(0, upTo + 1).map((name, i) => {
    const state = i < now ? "done" : i > now ? "todo" : refused ? "bad" : "now";
    if (refused && i === upTo) {
      const text = fitting(record.refusal) ?? "";
      return { name, state: "bad", words: t("driver.step.refused", { text }), at: record.times.ended };
    }
    const key = name === "charging" && state === "now" && stopping ? "stopping" : refused && state === "bad" ? "done" : state;
    const values = { cp: record.cp || "…", energy: kwh(record.ticket?.energy_mwh ?? 0), cost: euros(record.ticket?.cost_cents ?? 0) };
    return { name, state: refused && state === "bad" ? "done" : state, words: t(`driver.step.${name}.${key}`, values), at: state === "done" ? record.times[ENDS[name]] : undefined };
  });
}

/** Return what a screen reader should hear now. @param {Step[]} steps */
export const spokenStep = (steps) =>
  (steps.find(({ state }) => state === "bad" || state === "now") ?? steps.at(-1))?.words ?? "";

/** Show the steps; an element that says the same is left alone. @param {HTMLElement} list @param {Step[]} steps */
export function showSteps(list, steps) {
  while (list.children.length > steps.length) list.lastChild?.remove();
  steps.forEach((step, i) => {
    const el = list.children[i] ?? list.appendChild(row());
    const [mark, words, done, at] = el.children;
    if (el.dataset.state !== step.state) {
      el.dataset.state = step.state;
      mark.replaceChildren(...(step.state === "done" ? [icon("check")] : step.state === "bad" ? [icon("close")] : []));
      if (step.state === "now") el.setAttribute("aria-current", "step");
      else el.removeAttribute("aria-current");
    }
    el.dataset.step = step.name;
    put(words, step.words);
    put(done, step.state === "done" ? t("driver.done") : "");
    put(at, step.at ? time(step.at) : "");
    at.title = step.at ? clock(step.at) : "";
  });
}

const row = () => h("li", null, h("i", { "aria-hidden": "true" }), h("span"), h("span", { class: "sr-only" }), h("time"));
