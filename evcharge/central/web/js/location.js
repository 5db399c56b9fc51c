// Locations as people type and read them, by the rules of Central (evcharge/domain/location.py). Pure.
const IN_COUNTRY = /^(.*\S) ?, ?([A-Za-z]{2})$/;

/** Return a location as Central keeps it: one form of letters that look alike, single blanks, nothing invisible. @param {string} text */
export const tidy = (text) => text.normalize("NFKC").replace(/\p{Cf}/gu, "").replace(/\s+/gu, " ").trim()
  .replace(IN_COUNTRY, (_, town, country) => `${town}, ${country.toUpperCase()}`);

/** Return what makes two spellings one location; upper case first, because "ß" is "ss". @param {string} text */
export const place = (text) => tidy(text).toUpperCase().toLowerCase();

/** Return what two spellings have in common of which one leaves out the accents. @param {string} text */
export const plain = (text) => place(text).normalize("NFD").replace(/\p{M}/gu, "");

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
export const coordinates = (latitude, longitude) => `${latitude.toFixed(2)}, ${longitude.toFixed(2)}`;
