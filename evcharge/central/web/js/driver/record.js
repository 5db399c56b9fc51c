// What is remembered of one request to charge, in this tab, also over a reload.

const KEPT = "evcharge.journey";
const ID_BYTES = 16;
/** A request that could not be sent for so long is not sent any more: nobody stands at the car now. */
const PATIENCE_S = 120;

/**
 * @typedef {object} Record
 * @property {string} request_id @property {string} driver_id @property {number} asked steady seconds @property {number} [asked_at] by the clock of this computer, in s @property {string} cp "" until a point is known
 * @property {string} [wanted_cp] @property {string} [shown_price] of it @property {string} [wanted_location] @property {import("./until.js").Limits|null} [wanted_until]
 * @property {"sending"|"sent"|"running"|"ended"|"refused"|"done"} phase
 * @property {{[language: string]: string}|null} refusal @property {string} [offer] the point that is free elsewhere, or is dearer than was shown
 * @property {any} ticket
 * @property {{[step: string]: number}} times Unix seconds: sent, authorised, plug, charging, ended
 * @property {any} last the session as it was last heard of
 */

/** Return seconds that pass as they do, whoever sets which clock while this page is open. */
const steady = () => (performance.timeOrigin + performance.now()) / 1000;

/** @param {string} request_id @param {string} driver_id @returns {Record} */
export const fresh = (request_id, driver_id) =>
  ({ request_id, driver_id, asked: steady(), asked_at: Date.now() / 1000, cp: "", phase: "sending", refusal: null, ticket: null, times: {}, last: null });

/** Remember when a step was reached, once. @param {Record} record @param {string} step @param {number} at Unix seconds */
export function note(record, step, at) {
  record.times[step] ??= at;
}

/** Return a new request id. Not randomUUID: browsers have that on trustworthy addresses only. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
  return `web-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Return for how long a request has waited, in s: a phone that slept counts that by its clock alone. @param {Record} record */
const waited = ({ asked, asked_at: at = Infinity }) => Math.max(steady() - asked, Date.now() / 1000 - at);

/**
 * Return whether a request was made too long ago to be sent now. Where the clock was set ahead it is asked for again;
 * sent after a sleep it could pay for whoever stands there now.
 * @param {Record} record
 */
export const isLate = (record) => record.phase === "sending" && waited(record) > PATIENCE_S;

/** Return the record that a reload left, or null. @returns {Record|null} */
export function read() {
  let found;
  try {
    found = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  } catch {
    return null;
  }
  if (!found?.request_id || !found.times) return null;
  return isLate(found) ? null : found;
}

/** Keep it; null forgets it. @param {Record|null} record */
export function keep(record) {
  if (record) sessionStorage.setItem(KEPT, JSON.stringify(record));
  else sessionStorage.removeItem(KEPT);
}
