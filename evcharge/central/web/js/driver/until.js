// After how much the next charge is to end: so much energy, so much money, or neither.
import { $ } from "../dom.js";
import { energyParts, euros, kwh, moneyParts } from "../format.js";
import { t, term } from "../i18n.js";

/** How many mWh or cents one of its units has. @type {Record<string, number>} */
const PER_UNIT = { until_mwh: 1e6, until_cents: 100 };

/** @typedef {{until_mwh?: number, until_cents?: number}} Limits */

export class Until {
  constructor() {
    this.box = $("#until");
    this.unit = /** @type {HTMLSelectElement} */ ($("#until-unit"));
    this.range = /** @type {HTMLInputElement} */ ($("#until-range"));
    this.most = /** @type {HTMLInputElement} */ ($("#until-most"));
    this.unit.addEventListener("change", () => this.#show());
    this.range.addEventListener("input", () => (this.most.value = this.range.value));
    this.most.addEventListener("input", () => (this.range.value = this.most.value));
    this.#show();
  }

  #show() {
    this.range.hidden = this.most.hidden = !this.unit.value;
    this.most.disabled = !this.unit.value;
    this.most.step = this.unit.value === "until_cents" ? "0.01" : "0.1";
  }

  /** What is wanted now; null when the number is none: then that is said. @returns {Limits|null} */
  get wanted() {
    const { value: unit } = this.unit;
    if (!unit) return {};
    return this.most.reportValidity() ? { [unit]: Math.round(this.most.valueAsNumber * PER_UNIT[unit]) } : null;
  }
}

/**
 * Return how far a charge with a limit of its driver is, "" for one without.
 * @param {any} session
 */
export function howFar({ energy_mwh: energy = 0, cost_cents: cost = 0, limit_mwh: limit = 0, price = 0, until_mwh: mwh, until_cents: cents }) {
  const allowed = Math.round(limit * price / 1e8);
  if ((mwh && limit < mwh) || (cents && allowed < cents)) return t("driver.until.short", { energy: kwh(limit) });
  if (mwh) return t("driver.until.of", { done: energyParts(energy)[0], most: kwh(mwh) });
  return cents ? t("driver.until.of", { done: moneyParts(cost)[0], most: euros(cents) }) : "";
}

/** Return why a charge ended, as its driver is told. @param {string} reason */
export const why = (reason) => (reason === "own limit" ? t("driver.until.ended") : term("reason", reason));
