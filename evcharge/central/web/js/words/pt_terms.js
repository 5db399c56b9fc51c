// The terms of evcharge/labels, word for word: a test compares them.
export default {
  "status.Available": "Disponível",
  "status.Preparing": "A preparar",
  "status.Charging": "A carregar",
  "status.Unavailable": "Fora de serviço",
  "status.Faulted": "Avariado",
  "status.Disconnected": "Desligado",
  "status.Finishing": "Ocupado",
  "restored.central": "Ligação à Central restabelecida",
  "restored.registry": "O Registry responde novamente",
  "restored.weather": "Ligação à meteorologia restabelecida",
};
