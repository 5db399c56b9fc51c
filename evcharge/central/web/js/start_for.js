// An operator starts a charge for a driver who stands there. Loaded when somebody wants it.
import { post } from "./api.js";
import { toast } from "./dialogs.js";
import { askForm } from "./form_dialog.js";
import { sign } from "./format.js";
import { fitting, t, use } from "./i18n.js";

/** What is typed in kWh or money, in the units of Central. */
const SCALE = { until_mwh: 1e6, until_cents: 100 };

/** Ask for whom, and after how much it ends; then ask the charging point. @param {{id: string}} point */
export async function startFor({ id: cp }) {
  await use("drawer");
  const done = await askForm({
    title: `${t("command.start")}: ${cp}`,
    text: t("command.start_text"),
    fields: [
      { name: "driver", label: t("drawer.driver"), attrs: { required: true, maxlength: "32", placeholder: "D01" } },
      { name: "unit", label: t("command.start_unit"), options: [["until_mwh", "kWh"], ["until_cents", sign()]] },
      { name: "most", label: t("command.start_most"), hint: t("command.start_hint"), attrs: { inputmode: "decimal", maxlength: "8", pattern: "[0-9]{1,4}([.,][0-9]{1,3})?", title: t("command.start_hint") } },
    ],
    submit: t("command.start"),
    act: ({ driver, unit, most }) => ask(cp, driver.toUpperCase(), most && { [unit]: Math.round(Number(most.replace(",", ".")) * SCALE[unit]) }),
  });
  if (done) toast(t("command.start_done", { cp, driver: done.driver }));
}

/** @param {string} cp @param {string} driver @param {{until_mwh?: number, until_cents?: number}|""} until */
async function ask(cp, driver, until) {
  const request_id = `web-${[...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  const told = await post(`/api/drivers/${encodeURIComponent(driver)}/start`, { request_id, cp_id: cp, ...until });
  if (told.step === "REFUSED") throw new Error(fitting(told));
  return { driver };
}
