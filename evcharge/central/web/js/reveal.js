// Shows a credential, once. Only its button closes the dialog: a slip of the hand must not lose the secret.
import { h, icon, put } from "./dom.js";
import { t } from "./i18n.js";

let count = 0;

/**
 * Show what an answer of the Registry holds; resolves when its reader has said that it is kept.
 * @param {{title: string, credential?: string, join_token?: string, link?: string, kind: string, mind?: string[]}} answer
 * @returns {Promise<void>}
 */
export function reveal({ title, credential, join_token: token, link, kind, mind = [] }) {
  const id = `reveal-${++count}`;
  const done = h("button", { type: "button", class: "btn go" }, t("reveal.kept"));
  const rows = [
    secret(t("reveal.credential"), credential),
    secret(t("reveal.token"), token, t(`reveal.token_${kind}`)),
    secret(t("reveal.wall"), link, t("reveal.wall_hint")),
  ];
  const dialog = h("dialog", { class: "fd reveal", "aria-labelledby": id, "aria-describedby": `${id}-warning` },
    h("h2", { id }, title),
    h("p", { class: "reveal-warning", id: `${id}-warning` }, icon("faulted"), t("reveal.once")),
    rows,
    mind.map((text) => h("p", { class: "mute" }, text)),
    h("div", { class: "fd-buttons" }, done),
  );
  return new Promise((resolve) => {
    done.addEventListener("click", () => dialog.close());
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => (dialog.remove(), resolve()));
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector(".copy")?.focus();
  });
}

function secret(name, value, hint) {
  if (!value) return null;
  const shown = h("code", { class: "secret" }, value);
  const words = h("span", null, t("reveal.copy"));
  const facts = { type: "button", class: "btn ghost copy", "aria-label": `${t("reveal.copy")}: ${name}` };
  const copy = h("button", facts, icon("copy"), words);
  const said = h("span", { class: "sr-only", role: "status" });
  copy.addEventListener("click", async () => {
    const text = t((await copied(value, shown)) ? "reveal.copied" : "reveal.select");
    put(words, text);
    put(said, text);
  });
  const row = h("div", null, shown, copy, said);
  return h("div", { class: "reveal-row" }, h("span", null, name), row, hint && h("small", null, hint));
}

/** Copy `text`. Without HTTPS browsers have no clipboard: then by the old way, or at least select it. */
async function copied(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(shown);
    return document.execCommand("copy");
  }
}
