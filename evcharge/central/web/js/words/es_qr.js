// Words of the QR codes.
export default {
  "qr.title": "Cargar en {cp}",
  "qr.text": "Un teléfono que lo escanea abre la página del conductor en este punto de recarga.",
  "qr.scan": "Escanee para cargar aquí",
  "qr.print": "Imprimir",
  "qr.print_all": "Imprimir todos",
  "qr.local": "Esta dirección solo funciona en este ordenador. Abra esta página con la dirección a la que llegan los teléfonos y el código la contendrá.",
};
