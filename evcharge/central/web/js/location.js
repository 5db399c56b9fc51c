// Locations as people type and read them, by the rules of Central (evcharge/domain/location.py). Pure.
export const IN_COUNTRY = /^(.*\S) ?, ?([A-Za-z]{2})$/;

/** Return a location as Central keeps it: one form of letters that look alike, single blanks, nothing invisible. @param {string} text */
export const tidy = (text) => text.normalize("NFKC").replace(/\p{Cf}/gu, "").replace(/\s+/gu, " ").trim()
  .replace(IN_COUNTRY, (_, town, country) => `${town}, ${country.toUpperCase()}`);

/** Return what makes two spellings one location; upper case first, because "ß" is "ss". @param {string} text */
export const place = (text) => tidy(text).toUpperCase().toLowerCase();

/** Return what two spellings have in common of which one leaves out the accents. @param {string} text */
export const plain = (text) => place(text).normalize("NFD").replace(/\p{M}/gu, "");
