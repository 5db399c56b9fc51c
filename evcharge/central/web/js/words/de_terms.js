// The terms of evcharge/labels, word for word: a test compares them.
export default {
  "status.Available": "Verfügbar",
  "status.Preparing": "Vorbereitung",
  "status.Charging": "Lädt",
  "status.Unavailable": "Außer Betrieb",
  "status.Faulted": "Gestört",
  "status.Disconnected": "Getrennt",
  "status.Finishing": "Belegt",
  "restored.central": "Wieder mit Central verbunden",
  "restored.registry": "Registry antwortet wieder",
  "restored.weather": "Verbindung zum Wetterdienst wiederhergestellt",
};
