// Mots des codes QR.
export default {
  "qr.title": "Recharger à {cp}",
  "qr.text": "Un téléphone qui le scanne ouvre la page du conducteur à ce point de charge.",
  "qr.scan": "Scannez pour recharger ici",
  "qr.print": "Imprimer",
  "qr.print_all": "Tout imprimer",
  "qr.local": "Cette adresse ne fonctionne que sur cet ordinateur. Ouvrez cette page par l’adresse que les téléphones atteignent, et le code la contiendra.",
};
