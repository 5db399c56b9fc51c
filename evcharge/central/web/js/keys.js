// Keys of the page. Typing into a field, an open dialog and the browser's own combinations are left alone. Keys of one
// character can be switched off: whoever speaks to the computer, or whose hand slips, types them without meaning to.

const KEPT = "evcharge.keys";

/** Whether keys of one character do something. */
export const singleKeys = () => localStorage.getItem(KEPT) !== "off";

/** Switch keys of one character on or off, in this browser. @param {boolean} on */
export function setSingleKeys(on) {
  if (on) localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, "off");
  document.documentElement.classList.toggle("no-keys", !on);
}

document.documentElement.classList.toggle("no-keys", !singleKeys());

/**
 * Run an action for each key pressed. Returns how to stop that.
 * @param {Record<string, (event: KeyboardEvent) => void>} actions by KeyboardEvent.key
 * @param {() => boolean} [when] the keys work only while this is true
 * @returns {() => void}
 */
export function keys(actions, when = () => true) {
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    const at = /** @type {HTMLElement} */ (event.target);
    if (at.matches?.("input, select, textarea, [contenteditable]")) {
      if (event.key === "Escape") at.blur();
      return;
    }
    if (event.key.length === 1 && !singleKeys()) return;
    const action = Object.hasOwn(actions, event.key) ? actions[event.key] : null;
    if (!action || document.querySelector("dialog[open]") || !when()) return;
    event.preventDefault();
    action(event);
  };
  addEventListener("keydown", onKey);
  return () => removeEventListener("keydown", onKey);
}

/** The step of an arrow key, or null. @param {string} key @returns {[number, number]|null} */
export function arrow(key) {
  switch (key) {
    case "ArrowRight": return [1, 0];
    case "ArrowLeft": return [-1, 0];
    case "ArrowDown": return [0, 1];
    case "ArrowUp": return [0, -1];
    default: return null;
  }
}
