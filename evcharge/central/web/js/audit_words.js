// Rows of the audit log in words: what happened, to whom, and with which parameters.
import { degrees, duration, euros, kw, kwh, number, percent, price, when } from "./format.js";
import { has, named, t, term, told } from "./i18n.js";

/** Every type of row that has words. */
export const types = () => named("event.");
const SUBJECTS = ["cp_id", "driver_id", "session_id"];
// All `holds` are a state; what happened is the one that came or went. Facts of a refusal are in its words.
const HIDDEN = new Set(["type", ...SUBJECTS, "request_id", "link", "epoch", "record", "holds", "facts"]);

/** Return what a row says happened, such as "Ticket made"; an unknown type in its own words. */
export function what({ type }) {
  return has(`event.${type}`) ? t(`event.${type}`) : type.replace(/([a-z])([A-Z])/g, "$1 $2");
}

/** Return whom a row is about: charging point, driver, session. */
export const about = (row) => SUBJECTS.map((name) => row[name] ?? row.data?.[name]).filter(Boolean);

/**
 * Return the parameters of a row as one line, without those that a table says in columns of their own.
 * @param {any} row @param {Record<string, Record<string, string>>} [causes] what peers said, in other languages
 */
export function parameters({ data }, causes = {}) {
  const pairs = Object.entries(data ?? {}).filter(([name, value]) => !HIDDEN.has(name) && given(value));
  return pairs.map(([name, value]) => `${term("param", name)}: ${told(shown(name, value), causes[value])}`).join(" · ");
}

// Parameters whose values are terms of ours, and under which prefix their words stand.
const TERMS = { reason: "reason", hold: "held", alert: "alert", alerts: "alert", left: "alert", code: "code", role: "role", what: "change" };

const given = (value) => value !== null && value !== "" && !(Array.isArray(value) && !value.length);

function shown(name, value) {
  if (name === "result") return has(`result.${value}`) ? t(`result.${value}`) : term("code", value);
  if (TERMS[name] && typeof value !== "object") return term(TERMS[name], String(value));
  if (TERMS[name]) return value.map((one) => term(TERMS[name], one)).join(", ");
  if (typeof value === "boolean") return t(value ? "tab.yes" : "tab.no");
  if (typeof value === "number") {
    if (name.endsWith("_mwh")) return kwh(value);
    if (name === "cents" || name.endsWith("_cents")) return euros(value);
    if (name.endsWith("centi_cents_per_kwh")) return price(value);
    if (name.endsWith("_celsius")) return degrees(value);
    if (name.endsWith("_m_per_s")) return `${number(value, 1)}\u00a0m/s`;
    if (name.endsWith("_s")) return duration(value);
    if (name.endsWith("_w")) return kw(value);
    if (name.endsWith("_permille")) return percent(value / 1000);
    if (name === "at" || name.endsWith("_at")) return when(value);
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
