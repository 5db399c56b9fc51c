// The sessions, newest first: filters, pages, CSV, and one of them in full.
import { asked } from "../address.js";
import { get, query } from "../api.js";
import { filters } from "../filters.js";
import { lasted } from "../charges.js";
import { euros, kwh, when } from "../format.js";
import { h, icon } from "../dom.js";
import { lang, t, term } from "../i18n.js";
import { Pager } from "../pager.js";
import { openSession } from "../session_sheet.js";
import { Fresh } from "../fresh.js";
import { fill, heading, knownIds, poll, stateChip, tab } from "../tab.js";
import { Table } from "../table.js";

const STATES = ["open", "AUTHORISED", "CHARGING", "TICKETED", "REFUSED"];
const PAGE = 50;
const AGAIN_S = 4;

/** Show the tab in `root`. @param {HTMLElement} root @param {any} store @returns {() => void} unmount */
export function mount(root, store) {
  return tab(root, "history", (view) => build(view, store));
}

function build({ section, keep, signal }, store) {
  const wanted = (keep.wanted ??= {});
  const links = ["sessions", "tickets"].map((name) =>
    h("a", { class: "btn ghost", download: `${name}.csv` }, icon("download"), t(`history.csv_${name}`)),
  );
  const table = new Table({
    caption: t("history.title"),
    columns: columns(),
    key: (row) => row.session_id,
    empty: t("history.empty"),
    onOpen: (row) => openSession(row.session_id),
    openName: (row) => t("session.title", { id: row.session_id }),
  });
  const page = new Pager(() => now(), (keep.way ??= [null]));
  // For programs, or as a spreadsheet of this language opens it.
  const kind = /** @type {HTMLSelectElement} */ (h("select", { "aria-label": "CSV", onchange: () => link() }, ["CSV", "Excel"].map((name) => h("option", null, name))));
  const link = () => {
    const way = { ...wanted, lang: kind.value === "Excel" ? lang() : "" };
    links[0].href = query("/api/sessions.csv", way);
    links[1].href = query("/api/tickets.csv", { ...way, state: "" });
  };
  const changed = () => {
    link();
    page.reset();
  };
  const fresh = new Fresh(table);
  let shown = "";
  const load = async (turn) => {
    const asking = query("/api/sessions", { ...wanted, limit: PAGE, before: page.cursor });
    const show = ({ sessions, next }) => {
      if (asking === shown) fresh.take(sessions);
      else table.set(sessions);
      page.show(next);
    };
    // The same page again is quiet: only what is new there changes.
    await fill({ table, signal: turn, quiet: asking === shown, get: () => get(asking, turn), show });
    if (!turn.aborted) shown = asking;
  };
  section.append(heading("history", [kind, ...links]), filters(fields(store), wanted, changed), fresh.element, table.element, page.element);
  link();
  const now = poll(load, AGAIN_S, signal);
  const follow = () => {
    const id = asked().get("session");
    if (id && !document.querySelector("dialog.sheet")) openSession(id);
  };
  addEventListener("popstate", follow, { signal });
  follow();
}

function fields(store) {
  const states = STATES.map((state) => [state.toLowerCase(), t(`session.${state}`)]);
  return [
    { name: "state", label: t("history.state"), kind: "choice", options: states },
    { name: "driver_id", label: t("history.driver"), kind: "id", example: "D01" },
    { name: "cp_id", label: t("history.cp"), kind: "id", example: "CP001", known: () => knownIds(store) },
    { name: "from", label: t("history.from"), kind: "day" },
    { name: "to", label: t("history.to"), kind: "day" },
  ];
}

function columns() {
  return [
    { id: "at", head: t("history.started"), cell: (row) => when(row.started_at ?? row.authorised_at) },
    { id: "cp", head: t("history.cp"), cell: (row) => row.cp_id },
    { id: "driver", head: t("history.driver"), cell: (row) => row.driver_id },
    { id: "state", head: t("history.state"), cell: states },
    { id: "long", head: t("history.duration"), number: true, cell: lasted },
    { id: "energy", head: t("history.energy"), number: true, cell: (row) => kwh(row.energy_mwh) },
    { id: "cost", head: t("history.cost"), number: true, cell: cost },
    { id: "why", head: t("history.ended_by"), cell: (row) => reason(row.end_reason ?? row.stop_reason) },
    { id: "id", head: t("history.session"), cell: (row) => h("span", { class: "code" }, row.session_id) },
  ];
}

const states = (row) => [
  stateChip(row.state, t(`session.${row.state}`)),
  row.rebuilt && stateChip("rebuilt", t("history.rebuilt"), t("history.rebuilt_hint")),
].filter(Boolean);

const cost = (row) => [
  euros(row.cost_cents),
  row.owed_cents > 0 && stateChip("owed", `${t("history.owed")}: ${euros(row.owed_cents)}`, t("settling.owed_hint")),
].filter(Boolean);

const reason = (code) => (code ? term("reason", code) : "");
