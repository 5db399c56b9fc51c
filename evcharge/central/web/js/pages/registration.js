// Who may take part: the Registry's registrations and what Central knows of each; an administrator changes them.
import { may } from "../account.js";
import { get } from "../api.js";
import { h, icon, put } from "../dom.js";
import { t } from "../i18n.js";
import { driverColumns, pointColumns } from "../registration_columns.js";
import { registerForm } from "../registration_form.js";
import { action, fill, heading, poll, tab } from "../tab.js";
import { Table } from "../table.js";
import { ownPassword, people } from "./people.js";

const AGAIN_S = 10;

/** Show the tab in `root`. @param {HTMLElement} root @returns {() => void} unmount */
export function mount(root) {
  return tab(root, "registration", build);
}

function build({ section, keep, signal }) {
  const again = () => now();
  const acts = may("admin");
  const points = table("cp", pointColumns(acts, again));
  const drivers = table("driver", driverColumns(acts, again));
  const note = h("p", { class: "tab-note", role: "status", hidden: true });
  const both = {
    busy: () => [points, drivers].forEach((one) => one.busy()),
    fail: (text) => {
      note.hidden = false;
      note.dataset.kind = "bad";
      put(note, text);
      for (const one of [points, drivers]) one.fail(one.rows.length ? t("registration.old") : t("registration.none_now"));
    },
  };
  const show = (content) => {
    note.hidden = true;
    points.set(content.cps);
    drivers.set(content.drivers);
    put(titles[0].lastChild, content.cps.length);
    put(titles[1].lastChild, content.drivers.length);
  };
  const load = (turn) => {
    const quiet = points.rows.length + drivers.rows.length > 0;
    return fill({ table: both, signal: turn, quiet, get: () => get("/api/registrations", turn), show });
  };
  const titles = ["cps", "drivers"].map((name) => h("h3", null, t(`registration.${name}`), " ", h("span", { class: "count" })));
  const own = action("own-password", icon("lock"), t("people.own"), t("people.own"), ownPassword);
  section.append(heading("registration", own), note);
  if (acts) section.append(registerForm(keep, again));
  else section.append(h("p", { class: "tab-note", "data-kind": "info" }, t("registration.only_admins")));
  section.append(titles[0], points.element, titles[1], drivers.element);
  if (acts) section.append(people(signal));
  const now = poll(load, AGAIN_S, signal);
}

function table(kind, columns) {
  return new Table({
    caption: t(kind === "cp" ? "registration.cps" : "registration.drivers"),
    columns,
    key: (row) => row.cp_id ?? row.driver_id,
    empty: t(`registration.no_${kind}`),
    sorted: ["id", 1],
  });
}
