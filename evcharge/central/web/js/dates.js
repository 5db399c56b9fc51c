// Days of the network, as Central names them: 2026-11-21.
import { locale } from "./i18n.js";

const NOON = "T12:00Z";

/** Return a day in words: 21 Nov 2026. @param {string} day */
export const dayNamed = (day) => words(day, { day: "numeric", month: "short", year: "numeric" });

/** Return the same without its year: 21 Nov. @param {string} day */
export const dayShort = (day) => words(day, { day: "numeric", month: "short" });

/** Return the day so many days later. @param {string} day @param {number} days */
export const dayPlus = (day, days) => new Date(Date.parse(day + NOON) + days * 86_400_000).toISOString().slice(0, 10);

/** @param {string} day @param {Intl.DateTimeFormatOptions} options */
const words = (day, options) =>
  new Intl.DateTimeFormat(locale(), { timeZone: "UTC", ...options }).format(new Date(day + NOON));
