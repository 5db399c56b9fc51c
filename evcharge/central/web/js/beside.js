// A click beside a modal dialog closes it.

/**
 * Close `dialog` by a click beside it, while `when()` is true. A click on its own edge is not beside it, although the
 * browser says the same of both: that it hit the dialog itself.
 * @param {HTMLDialogElement} dialog @param {() => boolean} [when]
 */
export function closesBeside(dialog, when = () => true) {
  dialog.addEventListener("click", ({ target, clientX: x, clientY: y }) => {
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    const inside = x >= left && x <= right && y >= top && y <= bottom;
    if (target === dialog && !inside && when()) dialog.close();
  });
}
