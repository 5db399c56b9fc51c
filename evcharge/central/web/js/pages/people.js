// Who may log in on the pages, and which programs may use the API: below the registrations, for administrators.
import { changePassword, del, get, patch, post } from "../api.js";
import { confirm, problem, toast } from "../dialogs.js";
import { h, icon } from "../dom.js";
import { askForm } from "../form_dialog.js";
import { dateTime, number } from "../format.js";
import { t, term } from "../i18n.js";
import { reveal } from "../reveal.js";
import { action, fill, poll } from "../tab.js";
import { Table } from "../table.js";

const AGAIN_S = 10;
const PEOPLE = ["operator", "viewer", "admin"];
const PROGRAMS = ["service", "viewer", "operator", "admin"];

/** Return the tables of accounts and tokens. @param {AbortSignal} signal */
export function people(signal) {
  const accounts = table("accounts", [column("logins", (row) => number(row.logins), true)], accountButtons, () => again());
  const tokens = table("tokens", [], tokenButtons, () => again());
  const load = async (turn) => {
    const quiet = { signal: turn, quiet: true };
    await fill({ table: accounts, ...quiet, get: () => get("/api/accounts", turn), show: (found) => accounts.set(found.accounts) });
    await fill({ table: tokens, ...quiet, get: () => get("/api/tokens", turn), show: (found) => tokens.set(found.tokens) });
  };
  const again = poll(load, AGAIN_S, signal);
  const add = (what, roles) => {
    const name = t(`people.add_${what}`);
    return action(`add-${what}`, icon("plus"), name, name, () => adding(what, roles).then(again));
  };
  const head = (what, button) => h("header", { class: "tab-head" }, h("h3", null, t(`people.${what}`)), h("div", { class: "tab-actions" }, button));
  return h("div", { class: "people" },
    head("accounts", add("accounts", PEOPLE)), accounts.element, head("tokens", add("tokens", PROGRAMS)), tokens.element);
}

/** Change one's own password. */
export async function ownPassword() {
  const secret = (name) => ({ name, label: t(`people.${name}`), attrs: { type: "password", required: true, maxlength: 200 } });
  const done = await askForm({
    title: t("people.own"), fields: [secret("old_password"), secret("new_password")], submit: t("people.change"),
    act: changePassword,
  });
  if (done) toast(t("people.own_done"));
}

const column = (id, cell, isNumber = false) => ({ id, head: t(`people.${id}`), cell, sort: (row) => row[id], number: isNumber });

function table(what, more, buttons, again) {
  const columns = [
    column("name", (row) => row.name),
    column("role", (row) => term("role", row.role)),
    ...more,
    { ...column("created_at", (row) => dateTime(row.created_at)), sort: (row) => Number(new Date(row.created_at)) },
    { id: "act", head: "", cell: (row) => buttons(row, again) },
  ];
  return new Table({ caption: t(`people.${what}`), columns, key: (row) => row.name, empty: t(`people.no_${what}`), sorted: ["name", 1] });
}

function accountButtons(row, again) {
  const path = `/api/accounts/${encodeURIComponent(row.name)}`;
  const button = (act, mark, work) => action(act, icon(mark), t(`people.${act}`), `${t(`people.${act}`)}: ${row.name}`, () => work().then(again, problem));
  const buttons = [button("password", "key", () => otherPassword(row.name, path)), button("remove", "trash", () => removing(row.name, path))];
  return row.role === "driver" ? buttons : [button("change_role", "edit", () => otherRole(row, path)), ...buttons];
}

function tokenButtons(row, again) {
  const words = `${t("people.remove")}: ${row.name}`;
  const path = `/api/tokens/${encodeURIComponent(row.name)}`;
  return action("remove", icon("trash"), t("people.remove"), words, () => removing(row.name, path).then(again, problem));
}

async function adding(what, roles) {
  const fields = [
    { name: "name", label: t("people.name"), attrs: { required: true, maxlength: 40 } },
    { name: "role", label: t("people.role"), options: roles.map((role) => [role, term("role", role)]) },
  ];
  const made = await askForm({ title: t(`people.add_${what}`), fields, submit: t("people.add"), act: (typed) => post(`/api/${what}`, typed) });
  // Whoever may only look may look from a wall, for as long as its token is good.
  const link = made?.token && made.role === "viewer" ? `${location.origin}/login?next=${encodeURIComponent("/?kiosk=1")}#token=${made.token}` : undefined;
  if (made) await reveal({ title: made.name, credential: made.password || made.token, link, kind: "person" });
}

async function otherRole({ name, role }, path) {
  const fields = [{ name: "role", label: t("people.role"), options: PEOPLE.map((one) => [one, term("role", one)]), attrs: { value: role } }];
  const done = await askForm({ title: `${t("people.change_role")}: ${name}`, fields, submit: t("people.change_role"), act: (typed) => patch(path, typed) });
  if (done) toast(t("people.role_done", { name }));
}

async function otherPassword(name, path) {
  if (!(await confirm(t("people.password_sure", { name })))) return;
  const made = await post(`${path}/password`, {});
  await reveal({ title: made.name, credential: made.password, kind: "person" });
}

async function removing(name, path) {
  if (!(await confirm(t("people.remove_sure", { name }), { kind: "danger", ok: t("people.remove") }))) return;
  await del(path);
  toast(t("people.removed", { name }));
}
