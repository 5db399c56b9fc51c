// Les termes d'evcharge/labels, mot pour mot : un test les compare.
export default {
  "status.Available": "Disponible",
  "status.Preparing": "Préparation",
  "status.Charging": "En charge",
  "status.Unavailable": "Hors service",
  "status.Faulted": "En panne",
  "status.Disconnected": "Déconnecté",
  "status.Finishing": "Occupé",
  "restored.central": "Connexion à Central rétablie",
  "restored.registry": "Registry répond à nouveau",
  "restored.weather": "Connexion météo rétablie",
};
