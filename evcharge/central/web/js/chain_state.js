// Whether the chain of the audit log is whole, as Central last verified it.
import { get } from "./api.js";
import { h, icon, put, set } from "./dom.js";
import { number, when } from "./format.js";
import { counted, t, told } from "./i18n.js";
import { poll } from "./tab.js";

const AGAIN_S = 5;

/** Return the panel; it follows Central until `signal` is aborted. @param {AbortSignal} signal */
export function chainState(signal) {
  const head = h("b", null, t("audit.chain"));
  const text = h("span", null, t("tab.loading"));
  const hash = h("code", { hidden: true });
  const panel = h("div", { class: "chain card", role: "status" }, icon("lock"), h("p", null, head, text), hash);
  const say = (kind, words, found) => {
    panel.dataset.kind = kind;
    put(text, words);
    hash.hidden = !found?.head;
    if (!found?.head) return;
    put(hash, `${found.head.slice(0, 12)}…`);
    set(hash, "title", found.head);
  };
  poll(async (turn) => {
    try {
      const found = await get("/api/audit", turn);
      say(...judged(found), found);
    } catch (error) {
      if (turn.aborted) return;
      if (error.name !== "ApiError") throw error;
      say("unknown", error.text);
    }
  }, AGAIN_S, signal);
  return panel;
}

function judged({ rows, ok, verified_at: at, first_bad: n, why, causes }) {
  const verified = at ? t("audit.verified", { at: when(at) }) : "";
  if (ok === false) return ["bad", [t("audit.broken", { n: number(n) }), why && `(${told(why, causes[why])})`, verified].filter(Boolean).join(" ")];
  if (ok) return ["ok", `${counted("audit.whole", rows, { count: number(rows) })} ${verified}`];
  return ["unknown", counted("audit.unverified", rows, { count: number(rows) })];
}
