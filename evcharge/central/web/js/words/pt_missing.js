// Words of the page of an address at which there is nothing.
export default {
  "missing.title": "Aqui não há nenhuma página",
  "missing.what": "Não há nada neste endereço. Pode estar mal escrito ou a ligação ser antiga:",
  "missing.home": "Ir para a página inicial",
};
