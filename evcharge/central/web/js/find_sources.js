// Where the search looks: in what the page knows, and at Central.
import { get, query } from "./api.js";
import { types } from "./audit_words.js";
import { euros, when } from "./format.js";
import { t, term } from "./i18n.js";
import { plain } from "./location.js";
import { STATES } from "./states.js";

const FEWER = 4;
const ID = /^[A-Za-z0-9_-]{1,32}$/;

/** @typedef {{href: string, text: string, more?: string, picture: string, s?: string}} Found */

/** The charging points that the page knows, and those at a location. @returns {Found[]} */
export function points(store, text) {
  const wanted = plain(text);
  const hits = store.cps.filter((cp) => cp && [cp.id, cp.where].some((part) => plain(part).includes(wanted)));
  return hits.map((cp) => ({
    href: `#wall?cp=${encodeURIComponent(cp.id)}`, text: cp.id, more: cp.where, picture: STATES[cp.s], s: STATES[cp.s],
  }));
}

/** @returns {Promise<Found[]>} */
export async function drivers(text, signal) {
  const { drivers: all } = await get("/api/drivers", signal);
  const hits = all.filter((one) => one.driver_id.includes(text.toUpperCase()));
  const more = (one) => (one.blocked ? t("drivers.blocked") : euros(one.balance_cents));
  return hits.map((one) => ({ href: `#drivers?id=${encodeURIComponent(one.driver_id)}`, text: one.driver_id, more: more(one), picture: "drivers" }));
}

/** Of a charging point or driver of that very id, or one by its own. @returns {Promise<Found[]>} */
export async function sessions(store, text, signal) {
  const id = text.toUpperCase();
  if (/^S-.{10}/.test(id)) {
    const { session } = await get(`/api/sessions/${encodeURIComponent(text)}`, signal);
    return [charge(session)];
  }
  const name = ofWhat(store, text);
  if (!name) return [];
  const found = (await get(query("/api/sessions", { [name]: id, limit: FEWER }), signal)).sessions;
  const all = { href: `#history?${name}=${id}`, text: t("find.all_sessions", { id }), picture: "history" };
  return found.length ? [...found.map(charge), all] : [];
}

/** @returns {Found} */
const charge = (row) => ({
  href: `#history?session=${encodeURIComponent(row.session_id)}`, picture: "charging", text: `${row.driver_id} · ${row.cp_id}`,
  more: `${when(row.started_at ?? row.authorised_at)} · ${t(`session.${row.state}`)}`,
});

/** What happened to a charging point, what somebody did, and kinds of events by their names. @returns {Promise<Found[]>} */
export async function audit(store, text, signal) {
  const wanted = plain(text);
  const kinds = types().filter((type) => plain(t(`event.${type}`)).includes(wanted))
    .map((type) => ({ href: `#audit?type=${type}`, text: t(`event.${type}`), more: t("find.kind"), picture: "audit" }));
  const id = text.toUpperCase();
  const ours = ofWhat(store, text) === "cp_id";
  // Accounts are written as they are; ids of drivers and points in capitals.
  for (const [name, value] of ours ? [["cp_id", id]] : [["who", text], ["who", id]]) {
    const { events: [last] } = await get(query("/api/events", { [name]: value, limit: 1 }), signal);
    if (!last) continue;
    return [{
      href: `#audit?${name}=${encodeURIComponent(value)}`, text: t(ours ? "find.about" : "find.by", { id: value }), picture: "audit",
      more: t("find.last", { what: term("event", last.type), when: when(last.at) }),
    }, ...kinds];
  }
  return kinds;
}

/** What an id is the id of: a charging point that the page knows, or else a driver. @returns {"cp_id"|"driver_id"|""} */
function ofWhat(store, text) {
  const id = text.toUpperCase();
  if (!ID.test(id)) return "";
  return store.cps.some((cp) => cp?.id === id) ? "cp_id" : "driver_id";
}
