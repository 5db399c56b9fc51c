// Words of what a driver wishes of charging points.
export default {
  "driver.free_now": "{cp} ist jetzt frei.",
  "driver.taken": "{cp} ist gerade nicht frei.",
  "driver.tell_when_free": "Melden, wenn er frei ist",
  "driver.told_when_free": "Wird hier gemeldet, sobald er frei ist",
  "driver.cheapest": "am günstigsten",
  "driver.dearer": "+{price}",
  "driver.like": "Favorit: {cp}",
};
