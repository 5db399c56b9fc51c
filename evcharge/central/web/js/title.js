// What the browser's tab says: how many alerts are open, what is looked at, and whose page it is. Set by several.
import { onLang } from "./i18n.js";

let said = { count: 0, detail: "", what: () => "" };

/** @param {Partial<typeof said>} more `detail`: of it, what is open; `what` returns the words of what is looked at, in the language of the moment */
export function entitle(more) {
  said = { ...said, ...more };
  show();
}

function show() {
  const { count, detail, what } = said;
  document.title = [`${count ? `(${count}) ` : ""}${detail || what()}`, detail && what(), "evcharge"].filter(Boolean).join(" · ");
}

onLang(show);
