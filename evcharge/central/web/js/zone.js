// What holds for the whole network, whatever the browser's is: the clock, the time zone of instants and days, the currency of money.

/** Its ISO 4217 code; Central writes it into the page. */
export const CURRENCY = document.documentElement.dataset.currency ?? "EUR";
/** The euro has its sign behind in every language. */
const IS_EURO = CURRENCY === "EUR";
/** How a locale writes money. @param {string} locale @param {number} decimals @param {string} [display] */
export const moneyFormat = (locale, decimals, display = "narrowSymbol") => new Intl.NumberFormat(locale, /** @type {any} */ ({
  style: "currency", currency: CURRENCY, currencyDisplay: display, useGrouping: "always", signDisplay: "negative",
  minimumFractionDigits: decimals, maximumFractionDigits: decimals,
}));
const kinds = (locale) => moneyFormat(locale, 0).formatToParts(1);
/** Return the sign of the currency. @param {string} locale */
export const signOf = (locale) => (IS_EURO ? "€" : kinds(locale).find((part) => part.type === "currency")?.value ?? CURRENCY);
/** Say whether it stands before an amount. @param {string} locale */
export const signFirst = (locale) => !IS_EURO && kinds(locale)[0].type === "currency";
/** Return words with that sign where they have "€". @param {Record<string, string>} words @param {string} locale @returns {Record<string, string>} */
export const signed = (words, locale) =>
  IS_EURO ? words : Object.fromEntries(Object.entries(words).map(([key, text]) => [key, text.replaceAll("€", signOf(locale))]));

let skew = 0;
/** Return Central's time, in Unix seconds; until Central has told it, this device's. */
export const now = () => Date.now() / 1000 + skew;

/** Take Central's time. @param {number} at Unix seconds */
export const setClock = (at) => {
  skew = at - Date.now() / 1000;
};

let name = "UTC";
/** @type {Intl.DateTimeFormat} */ let wall;
setZone(name);

export const zone = () => name;

/** Take the zone that Central names; UTC when this browser lacks it. @param {string} wanted */
export function setZone(wanted) {
  // Sweden writes 2026-11-21 09:18:46.
  const of = (timeZone) => new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone });
  try {
    [wall, name] = [of(wanted), wanted];
  } catch {
    [wall, name] = [of("UTC"), "UTC"];
  }
}

/** Return what its clocks show: 2026-11-21 09:18:46. @param {number} at Unix seconds */
export const wallClock = (at) => wall.format(at * 1000);

/** Return the day to which an instant belongs: 2026-11-21. @param {number} at */
export const dayOf = (at) => (Number.isFinite(at) ? wallClock(at).slice(0, 10) : "");
