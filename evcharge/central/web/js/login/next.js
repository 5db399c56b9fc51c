// Where to go after the login. Pure.

const PAGES = { "/": true, "/monitor": true, "/driver": true, "/api/docs": true };

/** The page a role lands on. @param {string} role */
export const home = (role) => (role === "driver" ? "/driver" : "/");

/** Say whether `next` is the wall without its controls. @param {string|null} next */
export const isWall = (next) => /^\/\?(.*&)?kiosk=1\b/.test(next ?? "");

/**
 * Return where `next` leads, when that is one of our own pages and the role may see it; else the role's own page.
 * Never another site, whatever the address says.
 * @param {string|null} next @param {string} role @param {string} [origin]
 */
export function safeNext(next, role, origin = location.origin) {
  if (!next || !/^\/(?![/\\])/.test(next)) return home(role);
  let url;
  try {
    url = new URL(next, origin);
  } catch {
    return home(role);
  }
  if (url.origin !== origin || !Object.hasOwn(PAGES, url.pathname)) return home(role);
  if ((url.pathname === "/driver") !== (role === "driver")) return home(role);
  return url.pathname + url.search + url.hash;
}
