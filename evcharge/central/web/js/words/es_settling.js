// Palabras de lo que un operador arregla a mano.
export default {
  "settling.close_lost": "Cerrar por perdida",
  "settling.lost_hint": "El motor de {cp} no tiene conexión con la Central. Si no vuelve, cierre esta sesión: si no, el dinero del conductor sigue retenido.",
  "settling.close_lost_sure": "¿Cerrar esta sesión? Se cobra hasta la última lectura que conoce la Central, como estimación; si nada había empezado, el dinero vuelve.",
  "settling.close_lost_later": "Lo que el motor de {cp} cuente después será una corrección, nunca un segundo tique.",
  "settling.lost_billed": "Cerrada y cobrada por estimación: {sum}.",
  "settling.lost_given_back": "Cerrada: nada había empezado, el dinero vuelve.",
};
