// Paraules dels codis QR.
export default {
  "qr.title": "Recarregar a {cp}",
  "qr.text": "Un telèfon que l’escaneja obre la pàgina del conductor en aquest punt de recàrrega.",
  "qr.scan": "Escanegeu per recarregar aquí",
  "qr.print": "Imprimeix",
  "qr.print_all": "Imprimeix-los tots",
  "qr.local": "Aquesta adreça només funciona en aquest ordinador. Obriu aquesta pàgina amb l’adreça a què arriben els telèfons i el codi la contindrà.",
};
