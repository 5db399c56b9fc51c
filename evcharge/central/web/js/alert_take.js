// Who looks after an alert: one takes it, and every screen says so until it ends; one gives it back.
import { me } from "./account.js";
import { post } from "./api.js";
import { t } from "./i18n.js";
import { problem, toast } from "./notes.js";

/** Take an alert, also from somebody else; one's own is left. @param {any} alert */
export async function take({ id, about, taken_by }) {
  const leaves = taken_by === me().name;
  try {
    const { alert } = await post(`/api/alerts/${encodeURIComponent(id)}/${leaves ? "leave" : "take"}`);
    toast(alert.taken_by ? t("alerts.taken_done", { by: alert.taken_by, about }) : t("alerts.left_done", { about }));
  } catch (error) {
    problem(error);
  }
}
