// Words of what tells of alerts.
export default {
  "alarm.open": "Avisos abertos: {count}",
  "alarm.many": "{count} avisos novos.",
  "alarm.name": "Alertar para os avisos",
  "alarm.sound": "Som",
  "alarm.notify": "Notificações",
  "alarm.denied": "O navegador não permite notificações desta página. Permita-as nas suas definições para este endereço.",
};
