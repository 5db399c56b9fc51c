// The terms of evcharge/labels, word for word: a test compares them.
export default {
  "status.Available": "Available",
  "status.Preparing": "Preparing",
  "status.Charging": "Charging",
  "status.Unavailable": "Out of Order",
  "status.Faulted": "Faulted",
  "status.Disconnected": "Disconnected",
  "status.Finishing": "Occupied",
  "restored.central": "Connected to Central again",
  "restored.registry": "Registry responding again",
  "restored.weather": "Weather connection restored",
};
