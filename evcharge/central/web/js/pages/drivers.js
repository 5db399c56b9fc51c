// The drivers: their money, who is here, who is blocked. Only ids: nothing personal is known of them.
import { may } from "../account.js";
import { get, post } from "../api.js";
import { confirm, problem, toast } from "../dialogs.js";
import { h, icon, put } from "../dom.js";
import { filters } from "../filters.js";
import { euros, number } from "../format.js";
import { t } from "../i18n.js";
import { correct, payOut, topUp } from "../money.js";
import { openSession } from "../session_sheet.js";
import { action, fill, heading, poll, stateChip, tab } from "../tab.js";
import { Table } from "../table.js";
import { leftWallets } from "./left_wallets.js";

const AGAIN_S = 4;

/** Show the tab in `root`. @param {HTMLElement} root @param {any} store @returns {() => void} unmount */
export function mount(root, store) {
  return tab(root, "drivers", (view) => build(view, store));
}

function build({ section, keep, signal }, store) {
  const wanted = (keep.wanted ??= {});
  let all = [];
  const counts = h("p", { class: "tab-counts" });
  const table = new Table({
    caption: t("drivers.title"),
    columns: columns(may("operator"), () => now()),
    key: (row) => row.driver_id,
    empty: t("drivers.empty"),
    sorted: ["id", 1],
    mark: (row) => (row.blocked ? "bad" : ""),
  });
  const show = () => {
    table.set(all.filter((row) => fits(row, wanted)));
    const of = (test) => number(all.filter(test).length);
    const sums = { here: of((r) => r.connected), busy: of((r) => r.sessions.length), blocked: of((r) => r.blocked) };
    put(counts, t("drivers.counts", { all: number(all.length), ...sums }));
  };
  const states = ["connected", "charging", "blocked"].map((name) => [name, t(`drivers.${name}`)]);
  const fields = [
    { name: "id", label: t("drivers.id"), kind: "text", example: "D01" },
    { name: "state", label: t("drivers.state"), kind: "choice", options: states },
  ];
  const left = leftWallets(() => now());
  const take = (content) => {
    all = content.drivers;
    left.show(content.left);
    show();
  };
  const load = (turn) => fill({ table, signal: turn, quiet: all.length > 0, get: () => get("/api/drivers", turn), show: take });
  section.append(heading("drivers", counts), filters(fields, wanted, show), table.element, left.element);
  const now = poll(load, AGAIN_S, signal);
}

function fits(row, { id = "", state = "" }) {
  const is = { "": true, connected: row.connected, charging: row.sessions.length > 0, blocked: row.blocked };
  return is[state] && row.driver_id.includes(id.toUpperCase());
}

function columns(acts, again) {
  const money = (id) => {
    const of = (row) => row[`${id}_cents`];
    const cell = (row) => (id === "owed" ? (of(row) ? stateChip("owed", euros(of(row)), t("settling.owed_hint")) : "–") : euros(of(row)));
    return { id, head: t(`drivers.${id}`), number: true, cell, sort: of };
  };
  /** @type {any[]} */ const found = [
    { id: "id", head: t("drivers.id"), cell: (row) => row.driver_id, sort: (row) => row.driver_id },
    { id: "state", head: t("drivers.state"), cell: state, sort: (row) => `${row.blocked}${row.connected}` },
    money("balance"),
    money("held"),
    money("owed"),
    { id: "sessions", head: t("drivers.sessions"), cell: sessions, sort: (row) => row.sessions.length },
  ];
  const money_of = (row) => moneyButtons(row.driver_id, again);
  const paper = (row) => statementButton(row.driver_id);
  const buttons = (row) => [paper(row), ...money_of(row), ...(revoked(row) ? [] : [blockButton(row, again)])];
  found.push({ id: "act", head: "", cell: acts ? buttons : paper });
  return found;
}

const state = (row) => [
  stateChip(row.connected ? "connected" : "away", t(row.connected ? "drivers.connected" : "drivers.away")),
  revoked(row) && stateChip("revoked", t("drivers.revoked"), t("drivers.revoked_hint")),
  row.blocked && !revoked(row) && stateChip("blocked", t("drivers.blocked")),
].filter(Boolean);

function sessions({ sessions: ids }) {
  const link = (id) => h("button", { type: "button", class: "tb-link", "data-act": id, onclick: () => openSession(id) }, id);
  return ids.length ? ids.map(link) : "–";
}

/** Blocked by the Registry, not by an operator: only a new credential ends that. */
const revoked = (row) => row.blocked && row.barred === false;

function statementButton(id) {
  const name = t("drivers.statement");
  return action("statement", icon("ticket"), name, `${name}: ${id}`, async () => (await import("../paper.js")).openStatement(`/api/drivers/${id}/statement`, id));
}

/** What an operator does with a wallet. */
function moneyButtons(id, again) {
  const button = (act, mark, name, work) => action(act, icon(mark), name, `${name}: ${id}`, () => work(id).then(again));
  return [
    button("top-up", "plus", t("drivers.top_up"), topUp),
    button("correct", "edit", t("settling.correct"), correct),
    button("pay-out", "minus", t("settling.pay_out"), payOut),
  ];
}

function blockButton({ driver_id: id, blocked, sessions: open }, again) {
  const name = t(blocked ? "drivers.unblock" : "drivers.block");
  return action("block", icon(blocked ? "check" : "unavailable"), name, `${name}: ${id}`, async () => {
    const detail = open.length ? t("drivers.block_open") : "";
    const question = t(blocked ? "drivers.unblock_sure" : "drivers.block_sure", { id });
    if (!(await confirm(question, { ok: name, kind: blocked ? "go" : "danger", detail: blocked ? "" : detail }))) return;
    await post(`/api/drivers/${id}/block`, { blocked: !blocked }).then(
      (answer) => {
        if (answer?.stored === false) toast(t("command.unstored", { id }), "warn");
        else toast(t(blocked ? "drivers.unblocked_done" : "drivers.blocked_done", { id }));
      },
      problem,
    );
    again();
  });
}
