// Los términos de evcharge/labels, palabra por palabra: una prueba los compara.
export default {
  "status.Available": "Disponible",
  "status.Preparing": "Preparando",
  "status.Charging": "Suministrando",
  "status.Unavailable": "Fuera de servicio",
  "status.Faulted": "Averiado",
  "status.Disconnected": "Desconectado",
  "status.Finishing": "Ocupado",
  "restored.central": "Conexión con Central restablecida",
  "restored.registry": "Registry responde de nuevo",
  "restored.weather": "Conexión con el clima restablecida",
};
