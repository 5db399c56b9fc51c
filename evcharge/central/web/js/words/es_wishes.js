// Palabras de lo que un conductor desea de los puntos de recarga.
export default {
  "driver.free_now": "{cp} está libre ahora.",
  "driver.taken": "{cp} no está libre en este momento.",
  "driver.tell_when_free": "Avisarme cuando esté libre",
  "driver.told_when_free": "Se te avisa aquí cuando esté libre",
  "driver.cheapest": "el más barato",
  "driver.dearer": "+{price}",
  "driver.like": "Favorito: {cp}",
};
