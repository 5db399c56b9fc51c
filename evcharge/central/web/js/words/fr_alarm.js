// Mots de ce qui annonce les alertes.
export default {
  "alarm.open": "Alertes ouvertes : {count}",
  "alarm.many": "{count} nouvelles alertes.",
  "alarm.name": "Me signaler les alertes",
  "alarm.sound": "Son",
  "alarm.notify": "Notifications",
  "alarm.denied": "Le navigateur n’autorise pas les notifications de cette page. Autorisez-les dans ses réglages pour cette adresse.",
};
