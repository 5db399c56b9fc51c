// Palabras de la búsqueda.
export default {
  "find.name": "Encontrado",
  "find.nothing": "No se ha encontrado nada. Pruebe con un identificador como CP007 o D01, una ubicación o lo que pasó.",
  "find.count": "Encontrados: {count}",
  "find.more": "{count} más: siga escribiendo",
  "find.points": "Puntos de recarga",
  "find.drivers": "Conductores",
  "find.sessions": "Sesiones",
  "find.audit": "Auditoría",
  "find.all_sessions": "Todas las sesiones de {id}",
  "find.about": "Qué pasó con {id}",
  "find.by": "Qué hizo {id}",
  "find.last": "lo último: {what}, {when}",
  "find.kind": "todos los sucesos de este tipo",
};
