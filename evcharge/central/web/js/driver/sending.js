// Sends a request to charge, or sends it again: the same request_id changes nothing a second time.
import { post } from "../api.js";
import { isLate } from "./record.js";

const LATE = {
  en: "The request could not be sent in time. Ask again.",
  es: "La solicitud no se pudo enviar a tiempo. Vuelva a pedirla.",
  de: "Die Anfrage konnte nicht rechtzeitig gesendet werden. Fragen Sie erneut an.",
  fr: "La demande n’a pas pu être envoyée à temps. Demandez à nouveau.",
  pt: "O pedido não pôde ser enviado a tempo. Peça de novo.",
  ca: "La sol·licitud no s’ha pogut enviar a temps. Torneu a demanar-la.",
};

/**
 * Return what Central told ({step, cp_id, …}), {step: "REFUSED", en, es, …}, or null when it is not known whether the
 * request arrived: then it must be sent again.
 * @param {import("./record.js").Record} record @returns {Promise<any>}
 */
export async function deliver(record) {
  if (isLate(record)) return { step: "REFUSED", ...LATE };
  try {
    const { request_id, wanted_cp, wanted_location, wanted_until, shown_price } = record;
    return await post("/api/me/requests", { request_id, cp_id: wanted_cp, location: wanted_location, shown_price, ...wanted_until });
  } catch (error) {
    if (error.name !== "ApiError") throw error;
    if (error.status === 0 || error.status === 429 || error.status >= 500) return null;
    // In the language of the page already.
    return { step: "REFUSED", en: error.text };
  }
}
