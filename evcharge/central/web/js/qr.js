// QR codes that bring a phone to a charging point: one in a dialog, or a sheet of all to print.
import { ask } from "./dialogs.js";
import { h, sheets } from "./dom.js";
import { t, use } from "./i18n.js";
import { onPaper } from "./printing.js";
import { encode } from "./vendor/uqr.js";

const LOCAL = new Set(["localhost", "127.0.0.1", "[::1]"]);
/** Light modules around a code, which readers need. */
const QUIET = 2;

/** @typedef {import("./rows.js").Cp} Cp */

/** @param {string} id */
const addressOf = (id) => `${location.origin}/driver?cp=${encodeURIComponent(id)}`;

/** Return the picture of a code. @param {string} text @param {string} name read out */
export function qrPicture(text, name) {
  const { data, size } = encode(text, { ecc: "M", border: QUIET });
  const dark = data.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x} ${y}h1v1h-1z`] : [])));
  return h("svg", { class: "qr", viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": name },
    h("rect", { width: size, height: size, fill: "#fff" }), h("path", { d: dark.join(""), fill: "#000" }));
}

/** Show the code of one charging point. @param {import("./store.js").Store} store @param {Cp} cp */
export async function showQr(store, cp) {
  await Promise.all([use("qr"), sheets("qr")]);
  const address = addressOf(cp.id);
  const { value } = await ask({
    title: t("qr.title", { cp: cp.id }),
    content: h("div", { class: "qr-one" }, qrPicture(address, t("qr.title", { cp: cp.id })), h("p", null, t("qr.text")), h("code", null, address),
      LOCAL.has(location.hostname) && h("p", { class: "qr-local" }, t("qr.local"))),
    buttons: [{ label: t("dialog.close"), value: "", kind: "ghost" }, { label: t("qr.print_all"), value: "all", kind: "ghost" }, { label: t("qr.print"), value: "one", kind: "go" }],
  });
  if (value) printQr(value === "all" ? store.cps.filter(Boolean) : [cp]);
}

/** Print a sheet with the codes of these charging points. @param {Cp[]} cps */
function printQr(cps) {
  const label = (cp) => h("figure", null, qrPicture(addressOf(cp.id), cp.id), h("figcaption", null, h("b", null, cp.id), h("span", null, cp.where), h("small", null, t("qr.scan"))));
  onPaper(cps.map(label), "qr-paper");
}
