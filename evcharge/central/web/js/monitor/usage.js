// How much a charging point is used, and how well: from the sums of GET /api/stats.
import { get, query } from "../api.js";

const AGAIN_MS = 60_000;

/**
 * Return the figures of some days of a charging point. Connected is the time in which Central heard it; null: never.
 * @param {any} use a row of "cps"
 */
export function efficiency(use) {
  const connected = ["available_s", "preparing_s", "charging_s", "finishing_s", "faulted_s", "out_s"].reduce((sum, name) => sum + (use[name] ?? 0), 0);
  return {
    connected_s: connected,
    mwh_per_hour: connected >= 1 ? use.energy_mwh / (connected / 3600) : null,
    charging: connected >= 1 ? use.charging_s / connected : null,
  };
}

/** Return the mean time of a fault over several charging points, and how many there were. @param {any[]} uses */
export function meanFault(uses) {
  const faults = uses.reduce((sum, { faults: n }) => sum + n, 0);
  const seconds = uses.reduce((sum, use) => sum + use.faults * use.mean_fault_s, 0);
  return { faults, mean_s: faults ? seconds / faults : 0 };
}

/** Emits "change" when other sums have arrived. */
export class Usage extends EventTarget {
  days = 7;
  /** @type {Map<string, any>} by cp_id */ uses = new Map();
  /** Of the last 7 days, of all. */ mean = { faults: 0, mean_s: 0 };
  text = "";
  #timer = 0;
  #turn = 0;

  /** Show so many days, and again every minute. @param {number} [days] */
  async load(days = this.days) {
    clearTimeout(this.#timer);
    const turn = ++this.#turn;
    if (days !== this.days) this.uses.clear();
    this.days = days;
    try {
      const found = await get(query("/api/stats", { days }));
      if (turn !== this.#turn) return;
      this.text = "";
      this.uses = new Map(found.cps.map((use) => [use.cp_id, use]));
      if (days === 7) this.mean = meanFault(found.cps);
    } catch (error) {
      if (error.name !== "ApiError") throw error;
      if (turn !== this.#turn) return;
      this.text = error.text;
    }
    this.#timer = setTimeout(() => this.load(), AGAIN_MS);
    this.dispatchEvent(new Event("change"));
  }
}
