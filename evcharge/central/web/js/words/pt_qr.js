// Words of the QR codes.
export default {
  "qr.title": "Carregar em {cp}",
  "qr.text": "Um telemóvel que leia isto abre a página do condutor neste ponto de carregamento.",
  "qr.scan": "Leia para carregar aqui",
  "qr.print": "Imprimir",
  "qr.print_all": "Imprimir todos",
  "qr.local": "Este endereço só funciona neste computador. Abra esta página no endereço a que os telemóveis chegam e o código passa a contê-lo.",
};
