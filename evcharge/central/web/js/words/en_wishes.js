// Words of what a driver wishes of charging points.
export default {
  "driver.free_now": "{cp} is free now.",
  "driver.taken": "{cp} is not free at the moment.",
  "driver.tell_when_free": "Tell me when it is free",
  "driver.told_when_free": "You are told here when it is free",
  "driver.cheapest": "cheapest",
  "driver.dearer": "+{price}",
  "driver.like": "Favourite: {cp}",
};
