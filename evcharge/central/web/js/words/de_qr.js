// Words of the QR codes.
export default {
  "qr.title": "Laden an {cp}",
  "qr.text": "Ein Telefon, das dies scannt, öffnet die Fahrerseite an diesem Ladepunkt.",
  "qr.scan": "Scannen und hier laden",
  "qr.print": "Drucken",
  "qr.print_all": "Alle drucken",
  "qr.local": "Diese Adresse gilt nur auf diesem Computer. Öffnen Sie die Seite unter der Adresse, die Telefone erreichen, dann steht diese im Code.",
};
