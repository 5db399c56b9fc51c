// Where the driver is told that its car is full: shown only in a network that can.
import { get, post } from "../api.js";
import { problem, toast } from "../dialogs.js";
import { $, put } from "../dom.js";
import { onLang, t } from "../i18n.js";

/** Set up the form. */
export async function startNotify() {
  const form = /** @type {HTMLFormElement} */ ($("#notify-form"));
  const to = /** @type {HTMLInputElement} */ (form.elements.namedItem("to"));
  const found = await get("/api/me/notify").catch(() => null);
  if (!found?.ways.length) return;
  to.value = found.to;
  const label = () => put($("#notify-to"), found.ways.map((way) => t(`driver.notify.${way}`)).join(" / "));
  label();
  onLang(label);
  $("#notify").hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await post("/api/me/notify", { to: to.value.trim() });
      toast(t(to.value.trim() ? "driver.notify.saved" : "driver.notify.off"));
    } catch (error) {
      problem(error);
    }
  });
}
