// Words of the search.
export default {
  "find.name": "Gefunden",
  "find.nothing": "Nichts gefunden. Versuchen Sie eine Kennung wie CP007 oder D01, einen Ort oder was geschehen ist.",
  "find.count": "Gefunden: {count}",
  "find.more": "Noch {count} – tippen Sie weiter",
  "find.points": "Ladepunkte",
  "find.drivers": "Fahrer",
  "find.sessions": "Ladevorgänge",
  "find.audit": "Protokoll",
  "find.all_sessions": "Alle Ladevorgänge von {id}",
  "find.about": "Was mit {id} geschah",
  "find.by": "Was {id} tat",
  "find.last": "zuletzt: {what}, {when}",
  "find.kind": "alle Ereignisse dieser Art",
};
