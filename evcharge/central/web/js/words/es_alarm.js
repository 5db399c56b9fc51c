// Words of what tells of alerts.
export default {
  "alarm.open": "Avisos abiertos: {count}",
  "alarm.many": "{count} avisos nuevos.",
  "alarm.name": "Avisarme de los avisos",
  "alarm.sound": "Sonido",
  "alarm.notify": "Notificaciones",
  "alarm.denied": "El navegador no permite notificaciones de esta página. Permítalas en sus ajustes para esta dirección.",
};
