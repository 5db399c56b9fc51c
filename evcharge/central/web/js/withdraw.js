// An administrator takes a charging point out of the network. Loaded when somebody wants it.
import { del } from "./api.js";
import { confirm, problem, toast } from "./dialogs.js";
import { t, use } from "./i18n.js";

/** Ask, saying what ends, and withdraw its registration. @param {{id: string, session: string, driver: string}} cp */
export async function withdraw({ id, session, driver }) {
  await use("registration");
  const ends = session ? `${t("command.ask_revoke_ends", { driver })} ` : "";
  const sure = await confirm(ends + t("registration.withdraw_detail"), {
    title: t("registration.withdraw_sure", { id }), ok: t("registration.withdraw"), kind: "danger",
  });
  if (!sure) return;
  try {
    await del(`/api/registrations/${encodeURIComponent(id)}`);
    toast(t("registration.withdraw_done", { id }));
  } catch (error) {
    problem(error);
  }
}
