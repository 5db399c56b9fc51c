// What an operator says of the weather: an alert that the service does not know of, or that all there are over.
import { post, del } from "./api.js";
import { confirm, toast } from "./dialogs.js";
import { askForm } from "./form_dialog.js";
import { t, term } from "./i18n.js";

const KINDS = ["COLD", "HEAT", "WIND", "STORM"];

/** Raise an alert at a location: its charging points go out of service, and what runs there ends. @param {string} location */
export async function raise(location) {
  const done = await askForm({
    title: `${t("weather.raise")}: ${location}`,
    text: t("weather.raise_text"),
    fields: [{ name: "alert", label: t("weather.kind"), options: KINDS.map((one) => [one, term("alert", one)]) }],
    submit: t("weather.raise"),
    act: ({ alert }) => post("/api/weather_alert", { location, alert }),
  });
  if (done) toast(t("weather.raised", { location }));
}

/** End every alert of a location. @param {string} location */
export async function end(location) {
  if (!(await confirm(t("weather.end_sure", { location }), { ok: t("weather.end"), kind: "go" }))) return;
  await del(`/api/weather_alert?location=${encodeURIComponent(location)}`);
  toast(t("weather.ended", { location }));
}
