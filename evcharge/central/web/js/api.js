// Requests to Central's API. A problem becomes an ApiError with a plain sentence; being logged out leads to /login.
import { has, lang, t } from "./i18n.js";

const PATIENCE_MS = 15_000;
const PASSWORD = "/api/password";

/** What Central answered instead: `status` (0 = no answer), `code` (E_…) and a sentence in `text`. */
export class ApiError extends Error {
  /** @param {number} status @param {string} code @param {string} text */
  constructor(status, code, text) {
    super(text);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.text = text;
  }
}

/** Whether the page is on its way to the login: to go there again would cut the first way short. */
let leaving = false;

/** Go to the login page and come back here afterwards. */
function toLogin() {
  if (leaving) return;
  leaving = true;
  const here = location.pathname + location.search + location.hash;
  location.assign(`/login?next=${encodeURIComponent(here)}`);
}

/** The change of one's own password, and how many there were. */
let renewal = Promise.resolve();
let renewals = 0;

/** Central ends this login before the next one is here: who is refused meanwhile asks again. @param {unknown} typed */
export function changePassword(typed) {
  const done = post(PASSWORD, typed);
  const over = () => void renewals++;
  renewal = done.then(over, over);
  return done;
}

/** Log out, and go to the login page. */
export async function logOut() {
  // Before the closed socket tells of it.
  leaving = true;
  try {
    await post("/api/logout");
  } catch (error) {
    leaving = false;
    throw error;
  }
  location.assign("/login");
}

/**
 * @param {string} method @param {string} path @param {unknown} [body] @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
async function ask(method, path, body, signal) {
  const abort = new AbortController();
  const stop = () => abort.abort();
  const patience = setTimeout(stop, PATIENCE_MS);
  signal?.addEventListener("abort", stop, { once: true });
  /** @type {RequestInit & {headers: Record<string, string>}} */
  const options = { method, credentials: "same-origin", headers: { Accept: "application/json", "Accept-Language": lang() }, signal: abort.signal };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const known = renewals;
  let response;
  let content;
  try {
    response = await fetch(path, options);
    content = await read(response);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "E_UNREACHABLE", t("api.unreachable"));
  } finally {
    clearTimeout(patience);
    signal?.removeEventListener("abort", stop);
  }
  if (response.ok && !content?.error) return content;
  if (response.status === 401 && !path.startsWith("/api/login")) {
    if (path !== PASSWORD) await renewal;
    if (known !== renewals) return ask(method, path, body, signal);
    toLogin();
  }
  throw new ApiError(response.status, content?.code ?? "", problem(response, content));
}

/** @param {Response} response */
async function read(response) {
  const type = response.headers.get("Content-Type") ?? "";
  if (response.status === 204) return null;
  return type.includes("json") ? response.json() : response.text();
}

/**
 * Where Central has a sentence in English alone, what its code means goes before it on other pages.
 * @param {Response} response @param {any} content
 */
function problem(response, content) {
  const fallback = response.status === 401 ? t("api.login") : t("api.failed", { status: response.status });
  const own = content?.[`text_${lang()}`];
  if (own) return own;
  const sentence = content?.detail ?? content?.title ?? fallback;
  const meaning = `code.${content?.code}`;
  return lang() !== "en" && has(meaning) ? `${t(meaning)} (${sentence})` : sentence;
}

/** @param {string} path @param {AbortSignal} [signal] */
export const get = (path, signal) => ask("GET", path, undefined, signal);
/** Commands without a body are sent without one. @param {string} path @param {unknown} [body] */
export const post = (path, body) => ask("POST", path, body);
/** @param {string} path @param {unknown} body */
export const patch = (path, body) => ask("PATCH", path, body);
/** @param {string} path */
export const del = (path) => ask("DELETE", path);

/** Return a path with those that have a value. @param {string} path @param {Record<string, string|number|null|undefined>} values */
export function query(path, values) {
  const given = Object.entries(values).filter(([, v]) => v !== null && v !== undefined && v !== "");
  const text = new URLSearchParams(given.map(([k, v]) => [k, String(v)])).toString();
  return text ? `${path}?${text}` : path;
}
