// What looks like a slip to Central is asked about, and sent again.
import { confirm } from "./dialogs.js";

/** Send an order; one that Central takes for a slip is asked about first. A no leaves the form as it is. */
export async function surely(send, path, body) {
  try {
    return await send(path, body);
  } catch (error) {
    if (error.code !== "E_CONFIRM") throw error;
    if (!(await confirm(error.text))) throw new Error("");
    return send(path, { ...body, confirm: true });
  }
}
