// The last day of charging points, as GET /api/cps/{id} tells it: loaded for those that are looked at, a few at a time,
// and kept up to date from the live rows.
import { get } from "../api.js";
import { unix } from "../format.js";
import { STATES, STATUSES } from "../states.js";

const AT_ONCE = 3;
const STALE_S = 300;
const AGAIN_S = 5;
const DAY_S = 86_400;
const HOUR_S = 3600;
const EVERY_S = 2;

/** @typedef {import("../rows.js").Cp} Cp */
/** @typedef {{s: string, from: number, until: number|null, reason: string, said?: Record<string, string>}} Span */
/** @typedef {{spans: Span[], power: [number, number|null][], temperature: [number, number|null][], loadedAt: number}} Day */

/** Emits "day" with the id of a charging point whose day has arrived, or could not be had. */
export class Past extends EventTarget {
  /** @type {Map<string, Day>} */ #days = new Map();
  /** Why a day could not be had, and when. @type {Map<string, {text: string, at: number}>} */ #failed = new Map();
  /** @type {string[]} */ #wanted = [];
  /** @type {Set<string>} */ #asking = new Set();

  /** @param {() => number} now Central's time in Unix seconds */
  constructor(now) {
    super();
    this.now = now;
  }

  /** Return what is known of a day, or undefined; `first`: before the others. @param {string} id @param {boolean} [first] */
  of(id, first = false) {
    const day = this.#days.get(id);
    // A Central that fails is not asked again by every painting.
    const failed = this.#failed.get(id);
    const patient = failed && this.now() - failed.at < AGAIN_S;
    if (!patient && (!day || this.now() - day.loadedAt > STALE_S)) this.#want(id, first);
    return day;
  }

  /** Return why its day could not be had, or "". @param {string} id */
  problem(id) {
    return this.#failed.get(id)?.text ?? "";
  }

  /** Forget everything: Central has started anew, or was away. */
  clear() {
    this.#days.clear();
    this.#failed.clear();
    this.#wanted = [];
  }

  /** Take in a live row. @param {Cp} cp */
  follow(cp) {
    const day = this.#days.get(cp.id);
    if (!day) return;
    const now = this.now();
    const last = day.spans.at(-1);
    const s = STATES[cp.s];
    if (last && last.s !== s) {
      // It may be as old as before an absence of Central: then it is seen again from now on.
      const from = cp.since >= last.from ? cp.since : now;
      last.until = from;
      day.spans.push({ s, from, until: null, reason: cp.fault, said: cp.said });
    }
    push(day.power, now, cp.power);
    push(day.temperature, now, cp.temp === null ? null : cp.temp / 10);
  }

  /** @param {string} id @param {boolean} first */
  #want(id, first) {
    if (this.#asking.has(id)) return;
    const at = this.#wanted.indexOf(id);
    if (at >= 0 && !first) return;
    if (at >= 0) this.#wanted.splice(at, 1);
    if (first) this.#wanted.push(id);
    else this.#wanted.unshift(id);
    this.#go();
  }

  #go() {
    while (this.#asking.size < AT_ONCE && this.#wanted.length) {
      const id = /** @type {string} */ (this.#wanted.pop());
      this.#asking.add(id);
      this.#load(id);
    }
  }

  /** Drop what nobody waits for any more. @param {(id: string) => boolean} looked */
  keepWanted(looked) {
    this.#wanted = this.#wanted.filter(looked);
  }

  /** @param {string} id */
  async #load(id) {
    try {
      const found = await get(`/api/cps/${encodeURIComponent(id)}`);
      this.#days.set(id, day(found, this.now()));
      this.#failed.delete(id);
    } catch (error) {
      if (error.name !== "ApiError") throw error;
      this.#failed.set(id, { text: error.text, at: this.now() });
    } finally {
      this.#asking.delete(id);
      this.#go();
    }
    this.dispatchEvent(new CustomEvent("day", { detail: id }));
  }
}

/** @param {any} found @param {number} now @returns {Day} */
function day({ history = [], faults = {}, power = [], temperature = [] }, now) {
  const spans = history.map(({ at, status, until, reason }) => ({
    // NoData, too: nobody knows.
    s: STATES[STATUSES.indexOf(status)] ?? "unknown", from: Math.max(unix(at), now - DAY_S), until: until ? unix(until) : null, reason: reason ?? "", said: faults[reason],
  }));
  return { spans, power: gaps(power), temperature: gaps(temperature), loadedAt: now };
}

/** Where samples are missing, the line is broken. @param {[number, number][]} points @returns {[number, number|null][]} */
function gaps(points) {
  /** @type {[number, number|null][]} */ const found = [];
  for (const point of points) {
    const before = found.at(-1);
    if (before && point[0] - before[0] > 60) found.push([before[0] + 1, null]);
    found.push([point[0], point[1]]);
  }
  return found;
}

/** @param {[number, number|null][]} series @param {number} now @param {number|null} value */
function push(series, now, value) {
  const last = series.at(-1);
  if (last && now - last[0] < EVERY_S) return;
  series.push([now, value]);
  while (series.length && series[0][0] < now - HOUR_S) series.shift();
}
