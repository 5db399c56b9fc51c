// Asks Central to let somebody in. Not through api.js: only here the seconds to wait after too many attempts matter.
import { lang } from "../i18n.js";

const PATIENCE_MS = 15_000;

/** @param {string} name @param {string} password */
export const knock = (name, password) => ask("/api/login", { name, password });

/** Log in by a link that opens once. @param {string} link its secret */
export const follow = (link) => ask("/api/login/link", { link });

/** Let a screen on a wall look. @param {string} token of a viewer */
export const followWall = (token) => ask("/api/login/token", { token });

/**
 * Return the account, or what was answered instead: `status` (0: no answer), `code`, a sentence, and `wait_s` (0: unknown).
 * @param {string} path @param {object} body
 * @returns {Promise<{account?: {role: string}, status: number, code: string, text: string, wait_s: number}>}
 */
async function ask(path, body) {
  const abort = new AbortController();
  const patience = setTimeout(() => abort.abort(), PATIENCE_MS);
  try {
    const response = await fetch(path, {
      method: "POST", credentials: "same-origin", signal: abort.signal,
      headers: { Accept: "application/json", "Accept-Language": lang(), "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const told = await response.json().catch(() => ({}));
    const { status } = response;
    const wait_s = Number(response.headers.get("Retry-After")) || 0;
    const text = told[`text_${lang()}`] ?? told.detail ?? "";
    return { account: response.ok && told.role ? told : undefined, status, code: told.code ?? "", text, wait_s };
  } catch {
    return { status: 0, code: "", text: "", wait_s: 0 };
  } finally {
    clearTimeout(patience);
  }
}
