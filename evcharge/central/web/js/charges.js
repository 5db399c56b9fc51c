// What a session or a ticket says of its charge.
import { duration } from "./format.js";

/**
 * Return how long a charge lasted by the clock of its charging point; two instants of Central's clock do not tell.
 * @param {{elapsed_s: number|null}} charge a session or a ticket
 */
export const lasted = ({ elapsed_s: seconds }) => (seconds === null || seconds === undefined ? "–" : duration(seconds));

/** Return whether a ticket was put right since. @param {any} ticket */
export const corrected = (ticket) => Boolean(ticket.corrected_mwh || ticket.corrected_cents);

/** Return what a ticket comes to with all that was put right since. @param {any} ticket */
export const asCorrected = (ticket) => ({
  energy: ticket.energy_mwh + (ticket.corrected_mwh ?? 0),
  sum: ticket.cost_cents + (ticket.corrected_cents ?? 0),
});
