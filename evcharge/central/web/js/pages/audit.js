// The audit log: who did what from where, newest first and live, and whether its chain is whole.
import { get, query } from "../api.js";
import { about, parameters, types, what } from "../audit_words.js";
import { chainState } from "../chain_state.js";
import { h, icon } from "../dom.js";
import { filters } from "../filters.js";
import { clock, dateTime, day, today } from "../format.js";
import { t, term } from "../i18n.js";
import { Pager } from "../pager.js";
import { list } from "../session_sheet.js";
import { sheet } from "../sheet.js";
import { fill, heading, knownIds, poll, tab } from "../tab.js";
import { Table } from "../table.js";

const PAGE = 100;
const AGAIN_S = 1.5;

/** Show the tab in `root`. @param {HTMLElement} root @param {any} store @returns {() => void} unmount */
export function mount(root, store) {
  return tab(root, "audit", (view) => build(view, store));
}

function build({ section, keep, signal }, store) {
  const wanted = (keep.wanted ??= {});
  keep.follow ??= true;
  const table = new Table({
    caption: t("audit.title"),
    columns: columns(),
    key: (row) => String(row.n),
    empty: t("audit.empty"),
    onOpen: open,
    openName: what,
    mark,
  });
  const page = new Pager(() => now(), (keep.way ??= [null]));
  const pressed = { type: "button", class: "btn ghost toggle", "aria-pressed": String(keep.follow) };
  const follow = h("button", pressed, icon("play"), t("audit.follow"));
  follow.addEventListener("click", () => {
    keep.follow = !keep.follow;
    follow.setAttribute("aria-pressed", String(keep.follow));
    if (keep.follow) page.reset();
  });
  let shown = "";
  const load = async (turn) => {
    const asking = query("/api/events", { ...asked(wanted), limit: PAGE, before: page.cursor });
    const again = asking === shown;
    // What is written never changes: only what came after is asked for.
    if (again && !(keep.follow && page.first)) return table.still();
    const newest = again ? table.rows[0]?.n : undefined;
    const show = ({ events, causes }) => {
      const rows = events.map((row) => ({ ...row, causes })).sort((a, b) => b.n - a.n);
      shown = asking;
      if (newest !== undefined && !rows.length) return table.still();
      table.set(newest === undefined ? rows : [...rows, ...table.rows].slice(0, PAGE));
      const oldest = table.rows.at(-1)?.n ?? 1;
      page.show(table.rows.length === PAGE && oldest > 1 ? String(oldest) : null);
    };
    const path = newest === undefined ? asking : query("/api/events", { ...asked(wanted), limit: 1000, after: newest });
    await fill({ table, signal: turn, quiet: again, get: () => get(path, turn), show });
  };
  const bar = filters(fields(store), wanted, () => page.reset());
  section.append(heading("audit", follow), chainState(signal), bar, table.element, page.element);
  const now = poll(load, AGAIN_S, signal);
}

const asked = ({ type, who, cp_id }) => ({ type, who, cp_id });

function fields(store) {
  const kinds = types().map((type) => [type, t(`event.${type}`)]).sort((a, b) => a[1].localeCompare(b[1]));
  return [
    { name: "type", label: t("audit.what"), kind: "choice", options: kinds },
    { name: "who", label: t("audit.who"), kind: "text", hint: t("tab.exact"), example: "admin" },
    { name: "cp_id", label: t("history.cp"), kind: "id", example: "CP001", known: () => knownIds(store) },
  ];
}

function columns() {
  return [
    { id: "at", head: t("audit.when"), cell: (row) => (today(row.at) ? clock(row.at) : dateTime(row.at)) },
    { id: "what", head: t("audit.what"), cell: what },
    { id: "about", head: t("audit.about"), cell: subjects },
    { id: "how", head: t("audit.parameters"), wide: true, cell: (row) => parameters(row, row.causes) },
    { id: "who", head: t("audit.who"), cell: (row) => [h("b", null, row.actor), h("small", null, term("role", row.role))] },
    { id: "where", head: t("audit.where"), cell: (row) => row.address || "–" },
  ];
}

function subjects(row) {
  const ids = about(row);
  return ids.length ? h("ul", { class: "ids" }, ids.map((id) => h("li", { title: id }, id))) : "";
}

const BAD = new RegExp(
  "Refused|(Engine|Monitor|Registry)Lost|FaultReported|Revoked|Blocked|Barred|Broken|Quarantined|Stray|Interrupted|Jumped|Raised",
);

const mark = ({ type }) => (BAD.test(type) ? "bad" : "");

function open(row) {
  const body = h("div", { class: "sheet-body" },
    list([
      [t("audit.row"), String(row.n)],
      [t("audit.when"), `${day(row.at)}, ${clock(row.at)}`],
      [t("audit.what"), what(row)],
      [t("audit.about"), about(row).join(", ") || "–"],
      [t("audit.who"), `${row.actor} (${term("role", row.role)})`],
      [t("audit.where"), row.address || "–"],
      [t("audit.correlation"), row.correlation_id || "–"],
    ]),
    h("h3", null, t("audit.parameters")),
    h("pre", { tabindex: "0", "aria-label": t("audit.parameters") }, JSON.stringify(row.data, null, 2)),
    h("h3", null, t("audit.hash")),
    h("p", { class: "hash" }, row.hash),
  );
  sheet(`${what(row)} · ${row.n}`, body);
}
