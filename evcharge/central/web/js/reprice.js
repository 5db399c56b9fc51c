// What a kWh costs at a charging point: asked for in a form, which is loaded when somebody wants it.
import { patch } from "./api.js";
import { toast } from "./dialogs.js";
import { askForm } from "./form_dialog.js";
import { number, price as priced } from "./format.js";
import { t } from "./i18n.js";
import { surely } from "./surely.js";

/** Change what a kWh costs at a charging point. @param {import("./rows.js").Cp} cp */
export async function reprice(cp) {
  const answer = await askForm({
    title: `${t("command.price")}: ${cp.id}`,
    text: t("command.price_text"),
    fields: [{ name: "price", label: t("drawer.price_kwh"), attrs: { inputmode: "decimal", required: true, maxlength: "12", placeholder: number(0.3, 2) } }],
    submit: t("command.price"),
    act: ({ price }) => surely(patch, `/api/cps/${encodeURIComponent(cp.id)}`, { price: price.replace(",", ".") }),
  });
  if (answer) toast(t(answer.changed ? "command.price_done" : "command.no_change", { cp: cp.id, price: priced(Math.round(Number(answer.cp.price) * 1e4)) }));
}
