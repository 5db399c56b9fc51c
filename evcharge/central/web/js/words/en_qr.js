// Words of the QR codes.
export default {
  "qr.title": "Charge at {cp}",
  "qr.text": "A phone that scans this opens the driver's page at this charging point.",
  "qr.scan": "Scan to charge here",
  "qr.print": "Print",
  "qr.print_all": "Print all",
  "qr.local": "This address works only on this computer. Open this page by the address that phones reach, and the code names that.",
};
