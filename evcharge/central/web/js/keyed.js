// Lists that change while somebody reads them: a row keeps its element, so that focus and selection stay where they are.

/**
 * Make the children of `parent` the rows of `items`, in that order.
 * @template T
 * @param {Element} parent @param {T[]} items @param {(item: T) => string} keyOf
 * @param {(item: T) => HTMLElement} make @param {(el: HTMLElement, item: T) => void} [update] also called after make
 */
export function keyed(parent, items, keyOf, make, update = () => {}) {
  const keys = items.map(keyOf);
  const wanted = new Set(keys);
  const kept = new Map();
  // Those that go, go first: an element that is moved would lose the focus.
  for (const el of /** @type {HTMLElement[]} */ ([...parent.children])) {
    if (wanted.has(el.dataset.key)) kept.set(el.dataset.key, el);
    else el.remove();
  }
  let at = parent.firstElementChild;
  items.forEach((item, k) => {
    const el = kept.get(keys[k]) ?? make(item);
    el.dataset.key = keys[k];
    update(el, item);
    if (el === at) at = at.nextElementSibling;
    else parent.insertBefore(el, at);
  });
}
