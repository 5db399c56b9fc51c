// Words of the page of an address at which there is nothing.
export default {
  "missing.title": "Hier ist keine Seite",
  "missing.what": "Unter dieser Adresse gibt es nichts. Vielleicht ist sie vertippt, oder der Link ist alt:",
  "missing.home": "Zur Startseite",
};
