// An operator ends one charge; its charging point stays in service. Loaded when somebody wants it.
import { post } from "./api.js";
import { confirm, problem, toast } from "./dialogs.js";
import { t, use } from "./i18n.js";

/** Ask, and end the charge. @param {{session: string, id: string, driver: string}} charge its session, charging point and driver */
export async function endCharge({ session, id: cp, driver }) {
  await use("drawer");
  const sure = await confirm(t("command.end_text", { cp, driver }), { title: `${t("command.end")}: ${cp}`, ok: t("command.end") });
  if (!sure) return;
  try {
    const { lost } = await post(`/api/sessions/${encodeURIComponent(session)}/stop`);
    toast(t(lost ? "command.end_later" : "command.end_done", { cp }), lost ? "warn" : undefined);
  } catch (error) {
    problem(error);
  }
}
