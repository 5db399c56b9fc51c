// Els termes d'evcharge/labels, paraula per paraula: una prova els compara.
export default {
  "status.Available": "Disponible",
  "status.Preparing": "Preparant",
  "status.Charging": "Recarregant",
  "status.Unavailable": "Fora de servei",
  "status.Faulted": "Avariat",
  "status.Disconnected": "Desconnectat",
  "status.Finishing": "Ocupat",
  "restored.central": "Connexió amb Central restablerta",
  "restored.registry": "Registry torna a respondre",
  "restored.weather": "Connexió amb el temps restablerta",
};
