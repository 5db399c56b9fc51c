// Taking an alert, which every screen says until it ends, and leaving it.
import { me } from "./account.js";
import { post } from "./api.js";
import { problem } from "./notes.js";

/** Take an alert, also from somebody else; one's own is left. @param {any} alert */
export async function take({ id, taken_by }) {
  await post(`/api/alerts/${encodeURIComponent(id)}/${taken_by === me().name ? "leave" : "take"}`).catch(problem);
}
