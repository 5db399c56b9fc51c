// Paraules de la cerca.
export default {
  "find.name": "Trobat",
  "find.nothing": "No s’ha trobat res. Proveu amb un identificador com CP007 o D01, una ubicació o el que va passar.",
  "find.count": "Trobats: {count}",
  "find.more": "{count} més: continueu escrivint",
  "find.points": "Punts de recàrrega",
  "find.drivers": "Conductors",
  "find.sessions": "Sessions",
  "find.audit": "Auditoria",
  "find.all_sessions": "Totes les sessions de {id}",
  "find.about": "Què ha passat amb {id}",
  "find.by": "Què ha fet {id}",
  "find.last": "l’últim: {what}, {when}",
  "find.kind": "tots els esdeveniments d’aquest tipus",
};
