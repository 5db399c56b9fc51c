// A click beside a modal dialog closes it.

/**
 * Close `dialog` by a click beside it. A click on a disabled button, such as the second one of a double click, arrives
 * as if it were on the dialog itself: only its place tells them apart.
 * @param {HTMLDialogElement} dialog
 */
export function closesBeside(dialog) {
  dialog.addEventListener("click", ({ target, clientX: x, clientY: y }) => {
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    const inside = x >= left && x <= right && y >= top && y <= bottom;
    if (target === dialog && !inside) dialog.close();
  });
}
