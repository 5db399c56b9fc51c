// The seven statuses of a charging point, by their code on the wire, and how each is told apart.

/** Names for data-s, colours and icons, by code. */
export const STATES = ["available", "preparing", "charging", "unavailable", "faulted", "disconnected", "finishing"];
/** Central's own names, as the API and the words have them, by code. */
export const STATUSES = ["Available", "Preparing", "Charging", "Unavailable", "Faulted", "Disconnected", "Finishing"];
export const [AVAILABLE, PREPARING, CHARGING, UNAVAILABLE, FAULTED, DISCONNECTED, FINISHING] = [0, 1, 2, 3, 4, 5, 6];
/** What the history calls the time in which Central was away: nobody knows. */
export const NO_DATA = "NoData";
/** The worst first, the passing ones last: the order of chips, arcs and the keys 1 to 7. */
export const BY_URGENCY = [FAULTED, UNAVAILABLE, DISCONNECTED, CHARGING, AVAILABLE, PREPARING, FINISHING];
/** Bits of a row's flags. */
export const ENGINE = 1;
export const MONITOR = 2;
export const REVOKED = 4;
export const STOPPING = 8;

/** Return the name for data-s of a status as the API writes it ("Charging" → "charging"). @param {string} status */
export const stateOf = (status) => STATES[STATUSES.indexOf(status)] ?? "disconnected";
