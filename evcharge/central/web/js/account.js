// Who is logged in, and what that role may do. What a role may not do is not shown; Central refuses it anyway.
import { get, post } from "./api.js";

const RENEW_MS = 30 * 60_000;
const RANK = { viewer: 1, operator: 2, admin: 3 };

/** @typedef {{name: string, role: string, driver_id: string|null}} Account */

/** @type {Account} */
let account = { name: "", role: "", driver_id: null };
let again = 0;

/** Ask Central who is logged in; without a login the page leaves for /login. @returns {Promise<Account>} */
export async function whoami() {
  account = { ...account, ...(await get("/api/whoami")) };
  document.documentElement.dataset.role = account.role;
  clearTimeout(again);
  // A wall that only listens would be logged out after some hours: asking keeps the login.
  again = setTimeout(() => whoami().catch(() => {}), RENEW_MS);
  return account;
}

/** Return the account as it was last heard. */
export const me = () => account;

/** Say whether the account may do what `role` ("viewer", "operator", "admin") may do. @param {string} role */
export const may = (role) => (RANK[account.role] ?? 0) >= RANK[role];

/** Log out and go to the login page. */
export async function logOut() {
  await post("/api/logout");
  location.assign("/login");
}
