// Mots de ce qu'un conducteur souhaite des points de charge.
export default {
  "driver.free_now": "{cp} est libre maintenant.",
  "driver.taken": "{cp} n’est pas libre pour l’instant.",
  "driver.tell_when_free": "Me prévenir quand il sera libre",
  "driver.told_when_free": "Vous serez prévenu ici quand il sera libre",
  "driver.cheapest": "le moins cher",
  "driver.dearer": "+{price}",
  "driver.like": "Favori : {cp}",
};
