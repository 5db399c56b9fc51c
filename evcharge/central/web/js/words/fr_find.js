// Mots de la recherche.
export default {
  "find.name": "Résultats",
  "find.nothing": "Rien trouvé. Essayez un identifiant comme CP007 ou D01, un lieu, ou ce qui s’est passé.",
  "find.count": "Résultats : {count}",
  "find.more": "{count} de plus : continuez à taper",
  "find.points": "Points de charge",
  "find.drivers": "Conducteurs",
  "find.sessions": "Sessions",
  "find.audit": "Audit",
  "find.all_sessions": "Toutes les sessions de {id}",
  "find.about": "Ce qui est arrivé à {id}",
  "find.by": "Ce qu’a fait {id}",
  "find.last": "dernier : {what}, {when}",
  "find.kind": "tous les événements de ce type",
};
