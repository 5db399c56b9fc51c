// The form that registers a charging point or a driver. Its credential is shown once, in a dialog.
import { post } from "./api.js";
import { h, put } from "./dom.js";
import { t } from "./i18n.js";
import { reveal } from "./reveal.js";

const KINDS = ["cp", "driver"];

/** @param {any} keep what outlives a change of language @param {() => void} again loads the lists again */
export function registerForm(keep, again) {
  keep.kind ??= "cp";
  keep.typed ??= {};
  const plain = { autocomplete: "off", spellcheck: "false" };
  const wellFormed = { name: "id", required: true, maxlength: 32, pattern: "[A-Za-z0-9_\\-]{1,32}", class: "id" };
  const id = h("input", { ...plain, ...wellFormed, title: t("tab.id_hint"), value: keep.typed.id ?? "" });
  const location = h("input", { ...plain, name: "location", maxlength: 80, value: keep.typed.location ?? "" });
  const place = h("label", { class: "fl" }, h("span", null, t("registration.location")), location);
  const problem = h("p", { class: "fd-problem", role: "alert" });
  const send = h("button", { type: "submit", class: "btn go" }, t("registration.register"));
  const kinds = KINDS.map((kind) => {
    const radio = h("input", { type: "radio", name: "kind", value: kind, checked: keep.kind === kind });
    radio.addEventListener("change", () => choose(kind));
    return h("label", null, radio, h("span", null, t(`registration.a_${kind}`)));
  });
  const choose = (kind) => {
    keep.kind = kind;
    place.hidden = kind !== "cp";
    location.required = kind === "cp";
    id.placeholder = kind === "cp" ? "CP042" : "D07";
  };
  const form = h("form", { class: "card register", "aria-labelledby": "register-title" },
    h("h3", { id: "register-title" }, t("registration.new")),
    h("fieldset", { class: "seg" }, h("legend", { class: "sr-only" }, t("registration.kind")), kinds),
    h("label", { class: "fl" }, h("span", null, t("registration.id")), id),
    place, send, problem,
    h("p", { class: "mute" }, t("registration.form_hint")),
  );
  form.addEventListener("input", () => {
    Object.assign(keep.typed, { id: id.value, location: location.value });
    put(problem, "");
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (send.disabled) return;
    send.disabled = true;
    put(problem, "");
    const kind = keep.kind;
    const body = { kind, id: id.value.trim().toUpperCase(), ...(kind === "cp" ? { location: location.value.trim() } : {}) };
    try {
      const answer = await post("/api/registrations", body);
      form.reset();
      keep.typed = {};
      choose(kind);
      for (const radio of form.querySelectorAll("[name=kind]")) radio.checked = radio.value === kind;
      again();
      await reveal({ ...answer, id: body.id, kind, title: t("registration.registered", { id: body.id }) });
      id.focus();
    } catch (error) {
      put(problem, error.text ?? error.message);
    } finally {
      send.disabled = false;
    }
  });
  choose(keep.kind);
  return form;
}
