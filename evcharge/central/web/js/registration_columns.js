// The columns of the registrations, and what an administrator does with a row.
import { del, post } from "./api.js";
import { confirm, problem, toast } from "./dialogs.js";
import { icon } from "./dom.js";
import { dateTime } from "./format.js";
import { t, term } from "./i18n.js";
import { reveal } from "./reveal.js";
import { stateOf } from "./states.js";
import { action, stateChip, statusChip } from "./tab.js";

/** @param {boolean} acts whether to offer actions @param {() => void} again loads the list again */
export function pointColumns(acts, again) {
  return [
    { id: "id", head: t("history.cp"), cell: (row) => row.cp_id, sort: (row) => row.cp_id },
    { id: "location", head: t("registration.location"), cell: (row) => row.location || "–", sort: (row) => row.location ?? "" },
    state(),
    key(),
    { id: "status", head: t("registration.status"), cell: status, sort: (row) => row.status ?? "" },
    since(),
    ...actions("cp", (row) => row.cp_id, acts, again),
  ];
}

/** @param {boolean} acts @param {() => void} again */
export function driverColumns(acts, again) {
  return [
    { id: "id", head: t("history.driver"), cell: (row) => row.driver_id, sort: (row) => row.driver_id },
    state(),
    key(),
    { id: "status", head: t("registration.status"), cell: status, sort: (row) => row.status ?? "" },
    since(),
    ...actions("driver", (row) => row.driver_id, acts, again),
  ];
}

const state = () => ({
  id: "state",
  head: t("registration.state"),
  cell: (row) => stateChip(row.state, term("registered", row.state)),
  sort: (row) => row.state,
});

const key = () => ({
  id: "key",
  head: t("registration.key"),
  cell: (row) => stateChip(`key-${row.key}`, term("credential", row.key ?? "unknown")),
  sort: (row) => row.key ?? "",
});

const since = () => ({
  id: "since",
  head: t("registration.since"),
  cell: (row) => (row.registered_at ? dateTime(row.registered_at) : "–"),
  sort: (row) => Number(new Date(row.registered_at ?? 0)),
});

function status({ status: found, cp_id: cp }) {
  if (!found) return t("registration.unseen");
  return cp ? statusChip(stateOf(found), term("status", found)) : stateChip(found.toLowerCase(), term("present", found));
}

function actions(kind, id, acts, again) {
  if (!acts) return [];
  const cell = (row) => {
    if (row.state === "withdrawn") return "";
    const button = (name, picture) => {
      const words = t(`registration.${name}`);
      return action(name, icon(picture), words, `${words}: ${id(row)}`, () => WORK[name](kind, id(row), again));
    };
    const found = [button("rotate", "key"), button("withdraw", "trash")];
    if (row.state === "active") found.unshift(button("deactivate", "unavailable"));
    if (row.state === "inactive") found.unshift(button("activate", "check"));
    return found;
  };
  return [{ id: "act", head: "", cell }];
}

const path = (id, verb) => `/api/registrations/${encodeURIComponent(id)}${verb ? `/${verb}` : ""}`;

const WORK = {
  activate: (kind, id, again) => order("activate", "go", id, () => post(path(id, "activate")), again),
  deactivate: (kind, id, again) => order("deactivate", "warn", id, () => post(path(id, "deactivate")), again),
  withdraw: (kind, id, again) => order("withdraw", "danger", id, () => del(path(id)), again),
  rotate: async (kind, id, again) => {
    const answer = await order("rotate", "warn", id, () => post(path(id, "rotate")), again);
    if (answer) await reveal({ ...answer, id, kind, title: t("registration.rotated", { id }) });
  },
};

/** Ask first, then do it; what went wrong is said in a note. */
async function order(name, kind, id, work, again) {
  const question = { title: t(`registration.${name}_sure`, { id }), ok: t(`registration.${name}`), kind };
  const yes = await confirm(t(`registration.${name}_detail`), question);
  if (!yes) return null;
  try {
    const answer = await work();
    if (name !== "rotate") toast(t(`registration.${name}_done`, { id }));
    return answer ?? {};
  } catch (error) {
    problem(error);
    return null;
  } finally {
    again();
  }
}
