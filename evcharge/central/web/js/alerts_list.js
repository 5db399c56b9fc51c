// Alerts: they stay until they are solved, and then say what is restored.
import { may } from "./account.js";
import { post } from "./api.js";
import { h, icon, put } from "./dom.js";
import { problem, toast } from "./notes.js";
import { duration, unix, when } from "./format.js";
import { either, labelled, t, words } from "./i18n.js";
import { keyed } from "./keyed.js";

const MOST_OPEN = 60;
const MOST_SOLVED = 12;
const SHOWN_AS = { fault: "faulted", engine: "faulted", monitor: "disconnected", revoked: "unavailable", weather: "unavailable" };

/** @param {any} alert @param {boolean} solved */
const stateOf = (alert, solved) => (solved ? "available" : SHOWN_AS[alert.kind] ?? "unavailable");

export class AlertsList {
  /**
   * @param {HTMLElement} root @param {import("./store.js").Store} store
   * @param {(alert: any) => void} onCause goes to what an alert is about
   */
  constructor(root, store, onCause) {
    this.store = store;
    this.onCause = onCause;
    this.count = h("b", { class: "count", id: "alerts-count" });
    this.list = h("ol", { class: "alerts" });
    this.none = words("p", "alerts.none", { class: "none" });
    this.more = h("p", { class: "none" });
    root.append(h("h2", null, icon("bell"), words("span", "alerts.name"), this.count),
      h("div", { class: "scroll", role: "region", tabindex: 0, ...labelled("alerts.name") }, this.list, this.none, this.more));
  }

  update() {
    const { alerts } = this.store;
    const open = alerts.filter((alert) => !alert.solved_at).sort((a, b) => unix(b.since) - unix(a.since));
    const solved = alerts.filter((alert) => alert.solved_at).sort((a, b) => unix(b.solved_at) - unix(a.solved_at));
    const shown = [...open.slice(0, MOST_OPEN), ...solved.slice(0, MOST_SOLVED)];
    put(this.count, open.length);
    this.count.classList.toggle("hot", open.length > 0);
    this.none.hidden = open.length > 0;
    this.more.hidden = open.length <= MOST_OPEN;
    put(this.more, t("alerts.more", { count: open.length - MOST_OPEN }));
    const key = (alert) => `${alert.id} ${alert.since} ${alert.solved_at ?? ""}`;
    keyed(this.list, shown, key, (alert) => this.#make(alert), (el, alert) => this.#show(el, alert));
  }

  /** @param {any} alert */
  #make(alert) {
    const solved = Boolean(alert.solved_at);
    const state = stateOf(alert, solved);
    const go = h("button", { type: "button", class: "alert-go", onclick: () => this.onCause(alert) },
      icon(state), h("span", null, h("span", { class: "what" }), h("span", { class: "mute times" })), h("time"));
    const close = alert.closable && !solved && may("operator");
    const take = !solved && may("operator") && h("button", { type: "button", class: "take", onclick: async () => (await import("./alert_take.js")).take(this.#now(alert)) }, icon("drivers"));
    return h("li", { "data-s": state, "data-alert": alert.id, class: solved ? "solved" : null }, go, take,
      close && h("button", {
        type: "button", class: "x",
        onclick: (event) => this.#close(alert, event.currentTarget),
      }, icon("close")));
  }

  /** @param {HTMLElement} el @param {any} alert */
  #show(el, alert) {
    const [what, times] = el.querySelectorAll(".what, .times");
    const taken = !alert.solved_at && alert.taken_by;
    const take = el.querySelector(".take");
    take?.setAttribute("aria-pressed", String(Boolean(taken)));
    take?.setAttribute("aria-label", `${t("alerts.take")}: ${alert.about}`);
    el.querySelector(".x")?.setAttribute("aria-label", `${t("alerts.close")}: ${alert.about}`);
    put(what, alert.solved_at ? either(alert, "restored") || either(alert, "what") : either(alert, "what"));
    put(times, [alert.times > 1 && t("alerts.times", { count: alert.times }), taken && t("alerts.taken", { by: alert.taken_by })].filter(Boolean).map((text) => ` ${text}`).join(" ·"));
    const now = this.store.shown();
    put(el.querySelector("time"), alert.solved_at ? when(alert.solved_at, now) : duration(now - unix(alert.since)));
  }

  /** What is known of an alert now: its row was made earlier. @param {any} alert */
  #now(alert) {
    return this.store.alerts.find((one) => one.id === alert.id && !one.solved_at) ?? alert;
  }

  /** @param {any} alert @param {HTMLButtonElement} button */
  async #close(alert, button) {
    button.disabled = true;
    try {
      await post(`/api/alerts/${encodeURIComponent(alert.id)}/close`);
      toast(t("alerts.closed"));
    } catch (error) {
      problem(error);
      button.disabled = false;
    }
  }
}
