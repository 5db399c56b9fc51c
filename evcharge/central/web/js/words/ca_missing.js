// Paraules de la pàgina d'una adreça on no hi ha res.
export default {
  "missing.title": "Aquí no hi ha cap pàgina",
  "missing.what": "No hi ha res en aquesta adreça. Pot ser que estigui mal escrita o que l’enllaç sigui antic:",
  "missing.home": "Ves a la pàgina d’inici",
};
