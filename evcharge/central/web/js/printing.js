// One thing alone on paper: whatever else the page shows stays away from it.
import { h } from "./dom.js";

/** Print `content` and nothing else. @param {any} content @param {string} [kind] a class of its sheet */
export function onPaper(content, kind = "") {
  const paper = document.body.appendChild(h("div", { class: `on-paper ${kind}` }, content));
  document.body.classList.add("printing");
  addEventListener("afterprint", () => {
    document.body.classList.remove("printing");
    paper.remove();
  }, { once: true });
  print();
}
