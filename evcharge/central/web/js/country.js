// Where a location lies: its country, and its coordinates, as people write them.
import { number } from "./format.js";
import { IN_COUNTRY, tidy } from "./location.js";

/** Return "Guadalajara" and "ES" of "Guadalajara, ES". @param {string} location @returns {[string, string]} */
export function townAndCountry(location) {
  const found = IN_COUNTRY.exec(tidy(location));
  return found ? [found[1], found[2]] : [tidy(location), ""];
}

/** Return a location with the country that is known of it. @param {string} location @param {string} country */
export const inCountry = (location, country) => (location && country && !townAndCountry(location)[1] ? `${location}, ${country}` : location);

/** Return the name of a country in the language of the page, or its code. @param {string} code */
export function countryName(code) {
  if (!code) return "";
  try {
    return new Intl.DisplayNames([document.documentElement.lang || "en"], { type: "region" }).of(code) ?? code;
  } catch {
    return code; // no country has that code
  }
}

/** Return coordinates as people write them. @param {number} latitude @param {number} longitude */
export const coordinates = (latitude, longitude) => `${number(latitude, 2)}°, ${number(longitude, 2)}°`;
