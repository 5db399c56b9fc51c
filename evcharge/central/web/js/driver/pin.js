// The PIN by which a driver allows charges at the menus of charging points, each up to a limit.
import { del, post } from "../api.js";
import { problem, toast } from "../notes.js";
import { $, put } from "../dom.js";
import { euros } from "../format.js";
import { t } from "../i18n.js";

/** Set up the form. */
export function startPin() {
  const form = /** @type {HTMLFormElement} */ ($("#pin-form"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [limit, pin] = ["limit", "pin"].map((name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name)));
    const limit_cents = Math.round(Number(limit.value.replace(",", ".")) * 100);
    await done(() => post("/api/me/pin", { pin: pin.value, limit_cents }), "driver.pin.saved");
    pin.value = "";
  });
  $("#pin-off").addEventListener("click", () => done(() => del("/api/me/pin"), "driver.pin.gone"));
}

/** Show whether there is one. @param {number|null} limit_cents */
export function showPin(limit_cents) {
  const text = limit_cents === null ? t("driver.pin.none") : t("driver.pin.some", { limit: euros(limit_cents) });
  put($("#pin-state"), text);
  $("#pin-off").hidden = limit_cents === null;
}

/** @param {() => Promise<any>} work @param {string} said */
async function done(work, said) {
  try {
    await work();
    toast(t(said));
  } catch (error) {
    problem(error);
  }
}
