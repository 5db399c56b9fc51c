// The weather where the charging points stand, and which of them it withholds.
import { may } from "../account.js";
import { get, post } from "../api.js";
import { confirm, problem, toast } from "../dialogs.js";
import { h, icon, put } from "../dom.js";
import { ago, degrees, number, when } from "../format.js";
import { t, term, told } from "../i18n.js";
import { coordinates, countryName, inCountry } from "../country.js";
import { fill, heading, poll, stateChip, tab } from "../tab.js";

const AGAIN_S = 4;
/** How many cards stand side by side at most, and at least where there is room for so many. */
const [MOST, LEAST] = [5, 3];
const BADLY = new Set(["COLD", "HEAT", "WIND", "STORM"]);

/** Show the tab in `root`. @param {HTMLElement} root @param {any} store @returns {() => void} unmount */
export function mount(root, store) {
  return tab(root, "weather", (view) => build(view, store));
}

function build({ section, signal }, store) {
  const note = h("p", { class: "tab-note", role: "status" });
  const cards = h("ul", { class: "places" });
  const kept = new Map();
  const show = ({ locations, causes }) => {
    for (const { weather } of locations) if (weather) weather.source = told(weather.source, causes[weather.source]);
    const silent = locations.length > 0 && locations.every((one) => !one.weather);
    put(note, locations.length === 0 ? t("weather.empty") : silent ? t("weather.never") : "");
    note.dataset.kind = silent ? "info" : "";
    const inOrder = [...locations].sort((a, b) => a.location.localeCompare(b.location));
    for (const [name, card] of kept) {
      if (inOrder.some((one) => one.location === name)) continue;
      card.remove();
      kept.delete(name);
    }
    const rows = Math.ceil(inOrder.length / MOST) || 1;
    cards.style.setProperty("--cols", String(Math.max(LEAST, Math.ceil(inOrder.length / rows))));
    inOrder.forEach((one, i) => {
      if (!kept.has(one.location)) kept.set(one.location, h("li", { class: "place card" }));
      const card = kept.get(one.location);
      if (cards.children[i] !== card) cards.insertBefore(card, cards.children[i] ?? null);
      redraw(card, one, held(one, store), may("operator"), () => now(), store.now());
    });
  };
  // Said above the cards; those stay as they were.
  const fail = (text) => {
    put(note, text);
    note.dataset.kind = "bad";
  };
  const table = { busy: () => kept.size || put(note, t("tab.loading")), fail };
  const load = (turn) => fill({ table, signal: turn, quiet: kept.size > 0, get: () => get("/api/locations", turn), show });
  section.append(heading("weather"), note, cards);
  const now = poll(load, AGAIN_S, signal);
  store.addEventListener("alerts", now, { signal });
}

/** Which charging points of a place the weather withholds now. */
function held({ cps }, store) {
  const here = new Set(cps);
  return store.cps.filter((cp) => cp && here.has(cp.id) && cp.holds.split(",").includes("weather")).map((cp) => cp.id);
}

function redraw(card, place, stopped, acts, again, now) {
  const text = JSON.stringify([place, stopped, acts, place.weather && ago(place.weather.measured_at, now)]);
  if (card.dataset.text === text) return;
  const focused = card.contains(document.activeElement);
  card.dataset.text = text;
  card.dataset.kind = place.alerts.some((one) => BADLY.has(one)) ? (place.override ? "overridden" : "alert") : "";
  card.replaceChildren(head(place), figures(place, now), withheld(place, stopped), foot(place, acts, again));
  if (focused) card.querySelector("button")?.focus();
}

function head({ location, country, alerts, weather, override }) {
  const marks = [
    ...alerts.map((one) => stateChip("alert", term("alert", one))),
    override && stateChip("override", t("weather.overridden")),
    weather?.stale && stateChip("stale", t("weather.stale")),
  ];
  return h("header", null, h("h3", null, inCountry(location, country) || t("weather.nowhere")), h("div", null, marks));
}

function figures({ weather, country, latitude, longitude }, now) {
  if (!weather) return h("p", { class: "mute" }, t("weather.none"));
  const wind = weather.wind_m_per_s;
  const blowing = wind === null ? t("weather.no_wind") : t("weather.wind", { ms: number(wind, 1), kmh: number(wind * 3.6) });
  const rows = [
    h("p", { class: `degrees${weather.stale ? " old" : ""}` }, h("b", null, degrees(weather.temperature_celsius))),
    h("p", { class: "wind" }, blowing),
    h("p", { class: "mute" }, t("weather.measured", { at: when(weather.measured_at, now), ago: ago(weather.measured_at, now) })),
    weather.source && h("p", { class: "mute" }, t("weather.source", { source: term("role", weather.source) })),
    latitude !== null && h("p", { class: "mute" }, [countryName(country), coordinates(latitude, longitude)].filter(Boolean).join(" · ")),
  ];
  return h("div", { class: "place-figures" }, rows);
}

function withheld({ cps, alerts, override }, stopped) {
  const words = stopped.length
    ? t("weather.stopped", { count: stopped.length, all: cps.length })
    : t(override && alerts.length ? "weather.open_anyway" : "weather.open", { all: cps.length });
  const ids = stopped.slice(0, 12).map((id) => h("li", null, id));
  if (stopped.length > 12) ids.push(h("li", null, t("weather.more", { count: stopped.length - 12 })));
  return h("div", { class: "place-held" }, h("p", null, words), h("ul", { class: "ids" }, ids));
}

function foot({ location, override, alerts }, acts, again) {
  if (!acts || !location) return h("footer", { hidden: true });
  const order = (name) => {
    const words = t(`weather.${name}`);
    const run = async () => (await import("../weather_orders.js"))[name](location).then(again, problem);
    return h("button", { type: "button", class: "btn ghost", "data-act": name, onclick: run, "aria-label": `${words}: ${location}` }, words);
  };
  if (!(alerts.length || override)) return h("footer", null, order("raise"));
  const words = t(override ? "weather.obey" : "weather.override");
  const work = async () => {
    const question = t(override ? "weather.obey_sure" : "weather.override_sure", { location });
    if (!(await confirm(question, { ok: words, kind: override ? "go" : "warn" }))) return;
    await post(`/api/locations/${encodeURIComponent(location)}/override`, { override: !override }).then(
      () => toast(t(override ? "weather.obeyed" : "weather.overrode", { location })),
      problem,
    );
    again();
  };
  const facts = { type: "button", class: "btn ghost", onclick: work, "aria-label": `${words}: ${location}` };
  return h("footer", null, order("raise"), alerts.length > 0 && order("end"), h("button", facts, words));
}
