// The big card: what the charge does now, in one glance.
import { $, iconHref, put, set } from "../dom.js";
import { lasted } from "../charges.js";
import { duration, energyParts, euros, kw, kwh, percent, price } from "../format.js";
import { fitting, t } from "../i18n.js";
import { spark } from "../spark.js";
import { howFar, why } from "./until.js";
import { showBar } from "./bar.js";

const TREND = 60;
/** From this share of what the wallet pays for, the end is near. */
const NEARLY = 0.9;
/** The ends that a driver expects; any other is something to look at. */
const WISHED = new Set(["unplugged", "driver", "battery full", "own limit"]);

/** @typedef {{title: string, pill: string, icon?: string, number?: string, unit?: string, sum?: string, under?: string, share: number, act: string, live?: boolean, elapsed?: number|null, left?: string, amber?: boolean}} Face `left`: the time that is left, in short; `amber`: `under` is something to look at */

/**
 * Return what state the card is in.
 * @param {import("./journey.js").Journey} journey @param {boolean} known whether Central was heard
 */
export function stateOf({ record }, known) {
  if (!record) return known ? "idle" : "wait";
  const { phase, last } = record;
  if (phase === "running" && last?.trouble && last.step === "STOPPING") return "broken";
  if (phase === "running") return record.times.charging ? "charging" : record.last?.step === "READY" ? "ready" : "asking";
  if (record.phase === "sending" || record.phase === "sent") return "asking";
  return record.phase === "ended" ? "ended" : record.phase;
}

/** @type {Record<string, (facts: any) => Face>} */
const FACES = {
  wait: () => ({ title: t("driver.wait"), pill: "", icon: "charging", share: 0, act: "" }),
  idle: ({ empty }) => ({ title: t("driver.none"), pill: empty ? "" : t("driver.idle"), icon: "charging", under: empty || t("driver.none_hint"), amber: !!empty, share: 0, act: t("driver.any") }),
  asking: ({ record, where, stopping }) => ({
    title: where || t("driver.asking_any"), pill: t("driver.asked"), icon: "clock", share: 0.12,
    act: t(stopping ? "driver.cancelling" : "driver.cancel"), under: t(record.phase === "sending" ? "driver.step.sent.now" : "driver.step.authorised.now"),
  }),
  ready: ({ record, where, stopping, now }) => {
    const { authorised_at: since, plug_within_s: within } = record.last;
    const left = within ? Math.max(0, Math.ceil(since + within - now)) : 0;
    const under = within ? t("driver.plug_within", { cp: record.cp, seconds: left }) : t("driver.plug", { cp: record.cp });
    return { title: where, pill: t("driver.ready"), icon: "preparing", under, left: within ? t("driver.ask.left", { seconds: left }) : "", share: within ? left / within : 1, act: t(stopping ? "driver.cancelling" : "driver.cancel") };
  },
  charging: ({ record, where, stopping, me }) => figures(me?.session ?? record.last, {
    title: where, pill: t(stopping ? "driver.stopping" : "driver.charging"), live: true, act: t(stopping ? "driver.stopping" : "driver.stop"),
  }),
  // Its end was not its driver's wish.
  broken: ({ record, where }) => figures(record.last, { title: where, pill: t("driver.broken"), under: fitting(record.last.trouble), amber: true, act: "" }),
  ended: ({ record, where }) => figures(record.last ?? {}, { title: where, pill: t("driver.ended"), under: t("driver.ticket_coming"), act: "" }),
  done: ({ record, where, empty }) => ({
    ...figures({ ...record.last, ...record.ticket, limit_mwh: record.last?.limit_mwh }, { title: where, pill: t("driver.ended"), act: t("driver.seen") }),
    under: [t("driver.reason", { reason: why(record.ticket.reason) }), empty].filter(Boolean).join(". "),
    amber: !!empty || !WISHED.has(record.ticket.reason),
    elapsed: record.ticket.elapsed_s,
  }),
  refused: ({ record, where }) => ({
    title: where || t("driver.asking_any"), pill: t("driver.refused"), icon: "unavailable", share: 0, under: fitting(record.refusal) ?? "", amber: true, act: record.offer ? t("driver.take", { cp: record.offer }) : t("driver.close"),
  }),
};

/** @param {any} session @param {any} rest @returns {Face} */
function figures(session, rest) {
  const { energy_mwh = 0, cost_cents = 0, limit_mwh = 0, elapsed_s: elapsed = null } = session;
  const [number, unit] = energyParts(energy_mwh);
  const share = limit_mwh ? Math.min(1, energy_mwh / limit_mwh) : 0;
  const under = howFar(session) || (limit_mwh ? t("driver.limit", { share: percent(share), energy: kwh(limit_mwh) }) : "");
  const amber = share >= NEARLY && !session.until_mwh && !session.until_cents;
  return { under, amber, share, number, unit, sum: euros(cost_cents), elapsed, ...rest };
}

const ICONS = { idle: "charging", asking: "close", ready: "close", charging: "stop", done: "check", refused: "check" };

/**
 * Show the card.
 * @param {{journey: import("./journey.js").Journey, me: any, now: number, place: (cp: string) => string, lost: boolean, known: boolean, empty: string}} facts
 *   `empty`: what a driver without money is told, or ""
 */
export function showLive({ journey, me, now, place, lost, known, empty }) {
  const { record, stopping } = journey;
  const state = stateOf(journey, known);
  const where = record?.cp ? [record.cp, place(record.cp)].filter(Boolean).join(" · ") : "";
  const face = FACES[state]({ record, where, stopping, now, me, empty });
  const card = $("#live");
  card.classList.toggle("amber", face.amber ?? false);
  set(card, "data-state", state);
  put($("#live-title"), face.title);
  put($("#state"), face.pill);
  put($("#dial-number"), face.number ?? "");
  put($("#dial-unit"), face.unit ?? "");
  put($("#dial-sum"), face.sum ?? "");
  card.classList.toggle("pictured", !face.number);
  if (face.icon) set($("#dial-icon"), "href", iconHref(face.icon));
  put($("#under"), face.under ?? "");
  set($("#ring"), "stroke-dasharray", `${(face.share * 100).toFixed(2)} 100`);
  $("#ring").classList.toggle("none", face.share <= 0);
  showFigures(face, { record, me, heard: known && !lost });
  const act = /** @type {HTMLButtonElement} */ ($("#act"));
  act.hidden = !face.act;
  put($("#act-label"), face.act);
  set($("#act-icon"), "href", iconHref(ICONS[state] ?? "check"));
  const waits = stopping || (record?.phase === "sending" && !journey.unreachable);
  set(act, "aria-disabled", String(waits));
  const goesOn = lost ? t(navigator.onLine ? "driver.goes_on" : "driver.offline") : fitting(record?.last?.trouble);
  const wrong = (state === "charging" ? goesOn : journey.unreachable && t("driver.sent_again")) || "";
  put($("#goes-on"), wrong || (me?.session?.by_operator ? t("driver.by_operator") : ""));
  const note = wrong || (face.amber || !face.number ? face.under : "") || (known ? "" : t("driver.wait"));
  showBar({ ...face, state, cp: record?.cp ?? "", picture: ICONS[state] ?? "check", waits, note, amber: !!wrong || !!face.amber });
}

/** @param {Face} face @param {any} facts */
function showFigures(face, { record, me, heard }) {
  const session = me?.session ?? record?.last;
  $("#figures").hidden = !face.number;
  $("#trend").toggleAttribute("hidden", !face.live);
  if (!face.number) return;
  const live = face.live && heard;
  const power = live ? session?.power_w ?? null : null;
  const flows = power === null ? "–" : kw(power);
  const each = record.ticket ? Number(record.ticket.price) * 1e4 : session?.price ?? 0;
  put($("#power"), flows);
  put($("#time"), lasted({ elapsed_s: face.elapsed ?? null }));
  put($("#price"), each ? price(Math.round(each)) : "–");
  const full = live ? session?.battery_permille ?? null : null;
  $("#battery-box").hidden = full === null;
  if (full !== null) {
    put($("#battery"), percent(full / 1000));
    put($("#battery-full"), session.full_in_s ? t("driver.full_in", { time: duration(session.full_in_s) }) : "");
  }
  const samples = face.live ? me?.session?.power ?? [] : [];
  const [line, area] = spark(samples.slice(-TREND), TREND, 40);
  set($("#trend .line"), "d", line);
  set($("#trend .area"), "d", area);
  set($("#trend"), "aria-label", t("driver.trend", { power: flows }));
}
