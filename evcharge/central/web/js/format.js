// Numbers, money, energy and instants for people, in the language of the page. No-break spaces before units.
import { locale, onLang, t } from "./i18n.js";
import { dayOf, moneyFormat, now, signFirst, signOf, zone } from "./zone.js";

const GAP = "\u00a0";
let made = new Map();
onLang(() => {
  made = new Map();
});

/** @template T @param {string} key @param {() => T} make @returns {T} */
function cached(key, make) {
  if (!made.has(key)) made.set(key, make());
  return made.get(key);
}

/** Return a number with so many decimals, thousands always apart. @param {number} value @param {number} [decimals] */
export function number(value, decimals = 0) {
  const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals, useGrouping: "always", signDisplay: "negative" };
  const made = cached(`n${decimals}`, () => new Intl.NumberFormat(locale(), /** @type {any} */ (options)));
  return made.format(Number.isFinite(value) ? value : 0);
}

/**
 * Return power as [number, unit]: kW with one decimal below 100, MW from 10 MW on.
 * @param {number} watts @returns {[string, string]}
 */
export function powerParts(watts) {
  if (watts >= 1e7) return [number(watts / 1e6, 1), "MW"];
  return [number(watts / 1e3, watts < 99_950 ? 1 : 0), "kW"];
}

/** Return energy as [number, unit]: kWh, MWh from 100 MWh on. @param {number} mwh milliwatt-hours @returns {[string, string]} */
export function energyParts(mwh) {
  const kwh = mwh / 1e6;
  if (kwh >= 1e5) return [number(kwh / 1e3, 1), "MWh"];
  return [number(kwh, kwh < 100 ? 2 : kwh < 1000 ? 1 : 0), "kWh"];
}

/** Return power with its unit: 18.9 kW. @param {number} watts */
export const kw = (watts) => powerParts(watts).join(GAP);

/** Return energy with its unit: 6.91 kWh. @param {number} mwh milliwatt-hours */
export const kwh = (mwh) => energyParts(mwh).join(GAP);

/** Return the sign of the network's currency. */
export const sign = () => cached("sign", () => signOf(locale()));
const first = () => cached("first", () => signFirst(locale()));

/** Return an amount with so many decimals: 3.32 €, £3.32. @param {number} value @param {number} [decimals] */
export const money = (value, decimals = 2) => first()
  ? cached(`m${decimals}`, () => moneyFormat(locale(), decimals)).format(Number.isFinite(value) ? value : 0)
  : `${number(value, decimals)}${GAP}${sign()}`;

/** Return money in the network's currency, whose hundredths are its cents. @param {number} cents */
export const euros = (cents) => money(cents / 100);

/** Return money as [number, unit]; the unit is in the number where it comes first. @param {number} cents @returns {[string, string]} */
export const moneyParts = (cents) => (first() ? [euros(cents), ""] : [number(cents / 100, 2), sign()]);

/** Return a price: 0.44 €/kWh. @param {number} centiCents per kWh */
export function price(centiCents) {
  return `${money(centiCents / 1e4, centiCents % 100 ? 4 : 2)}/kWh`;
}

/** Return a share 0..1 as a percentage; in a column each with as many decimals. @param {number} share @param {number} [decimals] */
export const percent = (share, decimals = share > 0.99 && share < 1 ? 1 : 0) => `${number(share * 100, decimals)}${GAP}%`;

/** Return a temperature: 24.5 °C. @param {number} celsius */
export const degrees = (celsius) => `${number(celsius, 1)}${GAP}°C`;

/** Return Unix seconds of an instant: a number as it is, ISO text read. @param {number|string|null} at */
export const unix = (at) => (typeof at === "string" ? Date.parse(at) / 1000 : at ?? 0);

/** @param {string} key @param {Intl.DateTimeFormatOptions} options @param {number|string} at */
const dated = (key, options, at) => {
  const made = () => new Intl.DateTimeFormat(locale(), { hourCycle: "h23", timeZone: zone(), ...options });
  const format = cached(key + zone(), made);
  const date = new Date(unix(at) * 1000);
  return Number.isNaN(date.getTime()) ? "" : format.format(date);
};

/** Return the time of day: 09:18. @param {number|string} at Unix seconds or ISO */
export const time = (at) => dated("t", { hour: "2-digit", minute: "2-digit" }, at);

/** Return the time of day with seconds: 09:18:46. @param {number|string} at */
export const clock = (at) => dated("c", { hour: "2-digit", minute: "2-digit", second: "2-digit" }, at);

/** Return the day of an instant: 21 Nov 2026. @param {number|string} at */
export const day = (at) => dated("d", { day: "numeric", month: "short", year: "numeric" }, at);

/** Return a day and a time: 21 Nov, 09:18. @param {number|string} at */
export const dateTime = (at) =>
  dated("dt", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }, at);

/** Return a length of time in at most two units: 5 h 19 min. @param {number} seconds */
export function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const of = (value, unit) => `${number(value)}${GAP}${t(`unit.${unit}`)}`;
  if (s < 60) return of(s, "s");
  if (s < 3600) return of(Math.floor(s / 60), "min");
  if (s < 86400) {
    const minutes = Math.floor((s % 3600) / 60);
    return of(Math.floor(s / 3600), "h") + (minutes ? ` ${of(minutes, "min")}` : "");
  }
  const hours = Math.floor((s % 86400) / 3600);
  return of(Math.floor(s / 86400), "d") + (hours ? ` ${of(hours, "h")}` : "");
}

/** Return a length of time in its largest unit: 5 h. @param {number} seconds */
export function brief(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const unit = [86_400, 3600, 60].find((size) => s >= size) ?? 1;
  return duration(s - (s % unit));
}

/** Return how long since an instant. @param {number|string} since @param {number} now Central's, in Unix seconds */
export const ago = (since, now) => duration(now - unix(since));

/** Return whether an instant is on the day of `then`, which is today, and so needs no date. @param {number|string} at @param {number} [then] */
export const today = (at, then = now()) => dayOf(unix(at)) === dayOf(then);

/** Return the time, with its day when that is not today. @param {number|string} at @param {number} [now] */
export const when = (at, now) => (today(at, now) ? clock(at) : dateTime(at));
