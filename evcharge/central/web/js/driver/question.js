// What a charging point asks: somebody typed this driver's id there. Is it the driver, and does it want to charge?
import { post } from "../api.js";
import { problem } from "../notes.js";
import { $, put, set } from "../dom.js";
import { euros, price } from "../format.js";
import { t } from "../i18n.js";

/** Shows the question, and brings Central the answer. Silence is a no. */
export class Question {
  #asked = "";
  /** The question that was answered here; it may be shown once more before Central has heard it. */ #answered = "";

  constructor() {
    $("#ask-yes").addEventListener("click", () => this.#answer(true));
    $("#ask-no").addEventListener("click", () => this.#answer(false));
  }

  /**
   * Show what is asked now, if anything.
   * @param {any} question @param {number} now @param {(cp: string) => string} place
   */
  show(question, now, place) {
    const open = question !== null && question.request_id !== this.#answered;
    $("#ask").hidden = !open;
    this.#asked = open ? question.request_id : "";
    if (!open) return;
    const { cp_id: cp, hold_cents: held, until, within_s: within } = question;
    const left = Math.max(0, Math.ceil(until - now));
    const where = [cp, place(cp)].filter(Boolean).join(" · ");
    const values = { where, price: price(question.price), held: euros(held) };
    put($("#ask-title"), t("driver.ask.title", values));
    put($("#ask-text"), t(held ? "driver.ask.text" : "driver.ask.text_free", values));
    put($("#ask-left"), t("driver.ask.left", { seconds: left }));
    set($("#ask-bar"), "value", String(Math.min(1, left / within)));
  }

  /** @param {boolean} yes */
  async #answer(yes) {
    const request_id = this.#asked;
    if (!request_id) return;
    this.#answered = request_id;
    $("#ask").hidden = true;
    try {
      await post("/api/me/answers", { request_id, yes });
    } catch (error) {
      // It may still be asked: then it is shown again.
      this.#answered = "";
      problem(error);
    }
  }
}
