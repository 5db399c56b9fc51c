// The time zone of the network, by which pages tell instants and days, whatever the browser's is.

let name = "UTC";
/** @type {Intl.DateTimeFormat} */ let wall;
setZone(name);

export const zone = () => name;

/** Take the zone that Central names; UTC when this browser lacks it. @param {string} wanted */
export function setZone(wanted) {
  // Sweden writes 2026-11-21 09:18:46.
  const of = (timeZone) => new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone });
  try {
    [wall, name] = [of(wanted), wanted];
  } catch {
    [wall, name] = [of("UTC"), "UTC"];
  }
}

/** Return what its clocks show: 2026-11-21 09:18:46. @param {number} at Unix seconds */
export const wallClock = (at) => wall.format(at * 1000);

/** Return the day to which an instant belongs: 2026-11-21. @param {number} at */
export const dayOf = (at) => (Number.isFinite(at) ? wallClock(at).slice(0, 10) : "");
