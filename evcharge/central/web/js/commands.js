// The operator's commands: asked first when somebody loses something by them, and always answered with a note.
import { patch, post } from "./api.js";
import { holdWords } from "./cp_words.js";
import { confirm, problem, toast } from "./dialogs.js";
import { number } from "./format.js";
import { counted, t, told } from "./i18n.js";
import { REVOKED, STATUSES, UNAVAILABLE } from "./states.js";

/** @typedef {import("./rows.js").Cp} Cp */

/** Say whether the operator holds it. @param {Cp} cp */
export const isOut = (cp) => cp.holds.split(",").some((name) => name.trim() === "operator");

/** @param {Cp} cp @param {string} what "out", "resume" or "revoke" */
const path = (cp, what) => `/api/cps/${encodeURIComponent(cp.id)}/${what}`;

/** @param {number} count */
function ends(count) {
  if (count === 0) return t("command.ends_none");
  return counted("command.ends", count, { count: number(count) });
}

/** Withhold a charging point. @param {Cp} cp */
export async function out(cp) {
  const asked = cp.session && t("command.ask_out", { cp: cp.id, driver: cp.driver });
  if (asked && !(await confirm(asked, { title: `${t("command.out")} ${cp.id}`, ok: t("command.out") }))) return;
  await send(cp, "out");
}

/** Lift the operator's hold. @param {Cp} cp */
export const resume = (cp) => send(cp, "resume");

/** Withdraw the keys of a charging point. @param {Cp} cp */
export async function revoke(cp) {
  const sure = await confirm(t("command.ask_revoke", { cp: cp.id }), {
    title: `${t("command.revoke")}: ${cp.id}`, ok: t("command.revoke"), kind: "danger",
    detail: cp.session ? t("command.ask_revoke_ends", { driver: cp.driver }) : "",
  });
  if (sure) await send(cp, "revoke");
}

/** Say where a charging point stands. @param {Cp} cp */
export async function move(cp) {
  const { askForm } = await import("./form_dialog.js");
  const answer = await askForm({
    title: `${t("command.move")}: ${cp.id}`,
    text: t("command.move_text"),
    fields: [{ name: "location", label: t("drawer.location"), attrs: { value: cp.location, required: true, maxlength: "80" } }],
    submit: t("command.move"),
    act: ({ location }) => patch(`/api/cps/${encodeURIComponent(cp.id)}`, { location }),
  });
  if (answer) toast(t(answer.changed ? "command.move_done" : "command.no_change", { cp: cp.id, location: answer.cp.location }));
}

/** @param {Cp} cp @param {string} what */
async function send(cp, what) {
  try {
    const answer = await post(path(cp, what));
    const still = Object.entries(answer?.still_out ?? {});
    const now = answer?.cp;
    const held = now?.status === STATUSES[UNAVAILABLE];
    const why = held ? holdWords({ flags: now.revoked ? REVOKED : 0, holds: now.holds.join(",") }) : told(still[0]?.[1], answer?.causes?.[still[0]?.[1]]);
    if (answer?.stored === false) toast(t("command.unstored", { id: cp.id }), "warn");
    else if (still.length) toast(t("command.still", { cp: cp.id, why }), "warn");
    else toast(t(answer?.changed === 0 ? "command.no_change" : `command.${what}_done`, { cp: cp.id }));
  } catch (error) {
    problem(error);
  }
}

/** Withhold every charging point; says first what that ends. @param {Cp[]} cps */
export async function outAll(cps) {
  const points = cps.filter((cp) => !isOut(cp)).length;
  const sessions = cps.filter((cp) => cp.session).length;
  await all("out_all", `${counted("command.out_all_text", points, { count: number(points) })} ${ends(sessions)}`, "/api/cps/out", "warn");
}

/** Lift every hold of the operator. @param {Cp[]} cps */
export async function resumeAll(cps) {
  const points = cps.filter((cp) => isOut(cp) && !(cp.flags & REVOKED)).length;
  await all("resume_all", counted("command.resume_all_text", points, { count: number(points) }), "/api/cps/resume", "go");
}

/** @param {"out_all"|"resume_all"} name @param {string} text @param {string} where @param {"warn"|"go"} kind */
async function all(name, text, where, kind) {
  if (!(await confirm(text, { title: t(`command.${name}`), ok: t(`wall.${name}`), kind }))) return;
  try {
    const answer = await post(where);
    const values = { points: number(answer?.changed ?? 0), sessions: number(answer?.ended ?? 0) };
    toast(t(`command.${name}_done`, values));
  } catch (error) {
    problem(error);
  }
}
