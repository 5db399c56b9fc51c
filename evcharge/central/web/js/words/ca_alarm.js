// Paraules del que anuncia els avisos.
export default {
  "alarm.open": "Avisos oberts: {count}",
  "alarm.many": "{count} avisos nous.",
  "alarm.name": "Informa’m dels avisos",
  "alarm.sound": "So",
  "alarm.notify": "Notificacions",
  "alarm.denied": "El navegador no permet notificacions d’aquesta pàgina. Permeteu-les a la seva configuració per a aquesta adreça.",
};
