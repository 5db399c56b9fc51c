// Words of what tells of alerts.
export default {
  "alarm.open": "Open alerts: {count}",
  "alarm.many": "{count} new alerts.",
  "alarm.name": "Tell me of alerts",
  "alarm.sound": "Sound",
  "alarm.notify": "Notifications",
  "alarm.denied": "The browser does not allow notifications from this page. Allow them in its settings for this address.",
};
