// The wall grouped by status, or not at all. Loaded when somebody chooses that.
import { t } from "./i18n.js";
import { inOrder, wallSites } from "./sites.js";
import { BY_URGENCY, STATUSES } from "./states.js";

/** @typedef {import("./wall.js").Wall} Wall */

/** @param {string} key @param {string} name @param {import("./rows.js").Cp[]} cps */
const group = (key, name, cps) => ({ key, name, cps: cps.map((cp) => cp.i) });

/** The groups of statuses, the worst first. @param {import("./rows.js").Cp[]} cps */
function byState(cps) {
  const all = inOrder(cps);
  return BY_URGENCY.map((s) => group(`=${s}`, t(`status.${STATUSES[s]}`), all.filter((cp) => cp.s === s))).filter((one) => one.cps.length);
}

/** Group the wall. @param {Wall} wall @param {string} how "site", "state" or "none" */
export function groupBy(wall, how) {
  wall.sites = how === "state" ? byState : how === "none" ? (cps) => [group("*", "", inOrder(cps))] : wallSites;
  wall.regroup = how === "state" ? () => regroup(wall) : null;
}

/** Put the tiles into their groups anew, when one shows another status; the focus goes with its tile. @param {Wall} wall */
function regroup(wall) {
  if (!wall.groups.some(({ site }) => site.cps.some((i) => `=${wall.store.cps[i].s}` !== site.key))) return false;
  const { current } = wall;
  const held = wall.root.contains(document.activeElement);
  wall.build();
  if (held) wall.tiles[current]?.el.focus({ preventScroll: true });
  return true;
}
