// Who is logged in, and what that role may do. What a role may not do is not shown; Central refuses it anyway.
import { get } from "./api.js";

const RENEW_MS = 30 * 60_000;
const RANK = { viewer: 1, operator: 2, admin: 3 };

/** @typedef {{name: string, role: string, driver_id: string|null}} Account */

/** @type {Account} */
let account = { name: "", role: "", driver_id: null };
let again = 0;

/**
 * Ask Central who is logged in; without a login the page leaves for /login, and for another account it begins anew.
 * @returns {Promise<Account>}
 */
export async function whoami() {
  clearTimeout(again);
  // A wall that only listens would be logged out after some hours: asking keeps the login.
  again = setTimeout(() => whoami().catch(() => {}), RENEW_MS);
  const now = await get("/api/whoami");
  if (account.name && (now.name !== account.name || now.role !== account.role)) location.reload();
  account = { ...account, ...now };
  document.documentElement.dataset.role = account.role;
  return account;
}

/** Return the account as it was last heard. */
export const me = () => account;

/** Say whether the account may do what `role` ("viewer", "operator", "admin") may do. @param {string} role */
export const may = (role) => (RANK[account.role] ?? 0) >= RANK[role];
