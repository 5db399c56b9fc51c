// Words of the search.
export default {
  "find.name": "Found",
  "find.nothing": "Nothing found. Try an id such as CP007 or D01, a location, or what happened.",
  "find.count": "Found: {count}",
  "find.more": "{count} more – type on",
  "find.points": "Charging points",
  "find.drivers": "Drivers",
  "find.sessions": "Sessions",
  "find.audit": "Audit",
  "find.all_sessions": "All sessions of {id}",
  "find.about": "What happened to {id}",
  "find.by": "What {id} did",
  "find.last": "last: {what}, {when}",
  "find.kind": "all events of this kind",
};
