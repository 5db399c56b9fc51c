// Words of what tells of alerts.
export default {
  "alarm.open": "Offene Warnungen: {count}",
  "alarm.many": "{count} neue Warnungen.",
  "alarm.name": "Bei Warnungen melden",
  "alarm.sound": "Ton",
  "alarm.notify": "Mitteilungen",
  "alarm.denied": "Der Browser erlaubt dieser Seite keine Mitteilungen. Erlauben Sie sie in seinen Einstellungen für diese Adresse.",
};
