// Words of what a driver wishes of charging points.
export default {
  "driver.free_now": "{cp} está livre agora.",
  "driver.taken": "{cp} não está livre neste momento.",
  "driver.tell_when_free": "Avisar quando estiver livre",
  "driver.told_when_free": "Será avisado aqui quando estiver livre",
  "driver.cheapest": "o mais barato",
  "driver.dearer": "+{price}",
  "driver.like": "Favorito: {cp}",
};
