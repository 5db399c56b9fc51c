// Paraules del que un conductor desitja dels punts de recàrrega.
export default {
  "driver.free_now": "{cp} és lliure ara.",
  "driver.taken": "{cp} no és lliure en aquest moment.",
  "driver.tell_when_free": "Avisa’m quan sigui lliure",
  "driver.told_when_free": "Se us avisa aquí quan sigui lliure",
  "driver.cheapest": "el més barat",
  "driver.dearer": "+{price}",
  "driver.like": "Preferit: {cp}",
};
