// Words of the search.
export default {
  "find.name": "Encontrado",
  "find.nothing": "Nada encontrado. Experimente um identificador como CP007 ou D01, um local ou o que aconteceu.",
  "find.count": "Encontrados: {count}",
  "find.more": "Mais {count}: continue a escrever",
  "find.points": "Pontos de carregamento",
  "find.drivers": "Condutores",
  "find.sessions": "Carregamentos",
  "find.audit": "Auditoria",
  "find.all_sessions": "Todos os carregamentos de {id}",
  "find.about": "O que aconteceu a {id}",
  "find.by": "O que {id} fez",
  "find.last": "o último: {what}, {when}",
  "find.kind": "todos os eventos deste tipo",
};
