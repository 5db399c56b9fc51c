// Arrow keys on the wall: to the nearest tile in that direction on the screen.
import { $$, within } from "./dom.js";
import { arrow } from "./keys.js";

/** Let the arrows, Home and End move the focus among the tiles under `root`. @param {HTMLElement} root */
export function tileKeys(root) {
  root.addEventListener("keydown", (event) => {
    const from = within(event, ".tile");
    const step = arrow(event.key);
    const ends = event.key === "Home" || event.key === "End";
    if (!from || (!step && !ends)) return;
    event.preventDefault();
    const tiles = $$(".tile:not([hidden])", root);
    const to = ends ? tiles.at(event.key === "Home" ? 0 : -1) : nearest(from, tiles, step);
    if (!to) return;
    to.scrollIntoView({ block: "nearest" });
    to.focus({ preventScroll: true });
  });
}

/**
 * Return the nearest tile in that direction on the screen, across groups too.
 * @param {HTMLElement} from @param {HTMLElement[]} tiles @param {[number, number]} step
 */
export function nearest(from, tiles, [dx, dy]) {
  const me = from.getBoundingClientRect();
  let best = null;
  let least = Infinity;
  for (const el of tiles) {
    if (el === from) continue;
    const box = el.getBoundingClientRect();
    const ahead = (box.left - me.left) * dx + (box.top - me.top) * dy;
    const aside = Math.abs((box.left - me.left) * dy) + Math.abs((box.top - me.top) * dx);
    if (ahead < 4 || (dx && aside > me.height / 2)) continue;
    const far = ahead + aside * 3;
    if (far < least) [least, best] = [far, el];
  }
  return best;
}
