// One request to charge, from the click to the ticket. It has one request_id for its whole life: however often it is
// sent, Central carries it out once.
import { post, query } from "../api.js";
import { problem } from "../notes.js";
import { fresh, keep, newId, note, read } from "./record.js";
import { deliver } from "./sending.js";

const AGAIN_MS = 2500;
const OFFERS = new Set(["E_NONE_NEAR", "E_PRICE"]);

/** @typedef {import("./record.js").Record} Record */

/** Emits "change". `record` is null while nothing was asked for. */
export class Journey extends EventTarget {
  /** Whether the last attempt to reach Central failed. */ unreachable = false;
  /** Whether a stop is under way. */ stopping = false;
  #timer = 0;
  /** The record that is being sent now. @type {Record|null} */ #asking = null;
  /** Whether a reload may have missed how it went on. */ #unsure = true;
  /** Whose page it is. */ #driver = "";

  /** @param {() => number} now Central's time in Unix seconds */
  constructor(now) {
    super();
    this.now = now;
    /** @type {Record|null} */ this.record = read();
  }

  /** Whether a request runs: a new one would be refused because of it. */
  get busy() {
    return this.record !== null && this.record.phase !== "refused" && this.record.phase !== "done";
  }

  /** Ask for a charging point (at no higher `price` than was shown), or for any (of a location). While a request runs, nothing is done. @param {{cp?: string, location?: string, until?: import("./until.js").Limits|null, price?: string}} wanted */
  ask({ cp, location, until, price }) {
    if (this.busy) return;
    const record = { ...fresh(newId(), this.#driver), wanted_cp: cp, wanted_location: location, wanted_until: until, shown_price: price, cp: cp ?? "" };
    this.#begin(record, this.now());
    this.#send(record);
  }

  /** Take in what Central pushes about the driver. @param {any} me */
  follow(me) {
    const { driver_id, session, refused, tickets } = me;
    this.#driver = driver_id;
    // Somebody else has logged in on this computer.
    if (this.record && this.record.driver_id !== driver_id) this.forget();
    if (session && this.record?.request_id !== session.request_id) this.#begin(fresh(session.request_id, driver_id), session.authorised_at);
    const { record } = this;
    if (record) {
      const ticket = tickets.find((one) => one.request_id === record.request_id);
      if (ticket) this.#finish(record, ticket);
      else if (session) this.#run(record, session);
      else if (this.busy && refused?.request_id === record.request_id) this.#refuse(record, refused);
      else if (this.busy && (record.phase === "running" || record.phase === "sent" || this.#unsure)) {
        // It was granted and is gone, or a reload missed its end: ask what became of it.
        if (record.phase === "running") record.phase = "ended";
        this.#send(record);
      }
    }
    this.#unsure = false;
    this.#emit();
  }

  /** @param {Record} record @param {number} at */
  #begin(record, at) {
    note(record, "sent", at);
    this.#settle(record);
  }

  /** @param {Record} record @param {any} session */
  #run(record, session) {
    this.#quiet();
    this.stopping ||= session.step === "STOPPING";
    Object.assign(record, { phase: "running", cp: session.cp_id, last: { ...session, power: [] } });
    if (session.step === "READY") note(record, "authorised", this.now());
    if (session.started_at) for (const step of ["authorised", "plug", "charging"]) note(record, step, session.started_at);
    keep(record);
  }

  /** @param {Record} record @param {any} ticket */
  #finish(record, ticket) {
    if (record.ticket) return;
    for (const step of ["authorised", "plug", "charging"]) note(record, step, Date.parse(ticket.started_at) / 1000);
    this.#end(record, { phase: "done", ticket, cp: ticket.cp_id }, Date.parse(ticket.ended_at) / 1000);
  }

  /** @param {Record} record @param {any} told why, in each language; some name a point to ask for instead */
  #refuse(record, told) {
    this.#end(record, { phase: "refused", refusal: told, offer: OFFERS.has(told.code) ? told.cp_id : "" }, this.now());
  }

  /** @param {Record} record @param {Partial<Record>} how @param {number} at */
  #end(record, how, at) {
    note(record, "ended", at);
    this.#settle(Object.assign(record, how));
  }

  /** @param {Record|null} record */
  #settle(record) {
    this.#quiet();
    this.stopping = false;
    this.record = record;
    keep(record);
    this.#emit();
  }

  /** Send it; again while Central cannot be reached. @param {Record} record */
  async #send(record) {
    if (this.record !== record || this.#asking === record) return;
    this.#asking = record;
    const told = await deliver(record);
    if (this.#asking === record) this.#asking = null;
    if (this.record !== record) return;
    this.unreachable = told === null;
    if (told === null) this.#timer = setTimeout(() => this.#send(record), AGAIN_MS);
    else if (told.step === "REFUSED") this.#refuse(record, told);
    else if (told.step === "TICKETED" && !record.ticket) this.forget();
    else if (record.phase === "sending") keep(Object.assign(record, { phase: "sent", cp: told.cp_id ?? record.cp }));
    this.#emit();
  }

  /** Stop the charge, or withdraw the request. */
  async stop() {
    if (!this.busy || this.stopping) return;
    if (this.record?.phase === "sending") return this.unreachable && this.forget();
    this.stopping = true;
    this.#emit();
    try {
      // What this page shows: others may run as well.
      await post(query("/api/me/stop", { session_id: this.record?.last?.session_id }));
    } catch (error) {
      this.stopping = false;
      problem(error);
    }
    this.#emit();
  }

  /** Forget the request: it has ended, and that was seen. */
  forget() {
    this.#settle(null);
  }

  #quiet() {
    clearTimeout(this.#timer);
    this.unreachable = false;
  }

  #emit = () => this.dispatchEvent(new Event("change"));
}
