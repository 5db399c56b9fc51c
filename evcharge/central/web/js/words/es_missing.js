// Palabras de la página de una dirección en la que no hay nada.
export default {
  "missing.title": "Aquí no hay ninguna página",
  "missing.what": "No hay nada en esta dirección. Puede que esté mal escrita o que el enlace sea antiguo:",
  "missing.home": "Ir a la página de inicio",
};
