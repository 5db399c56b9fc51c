// Mots de la page d'une adresse où il n'y a rien.
export default {
  "missing.title": "Aucune page ici",
  "missing.what": "Il n’y a rien à cette adresse. Elle est peut-être mal saisie, ou le lien est ancien :",
  "missing.home": "Vers la page d’accueil",
};
