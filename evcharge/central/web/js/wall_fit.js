// The wall fills its screen: with tiles as large as they can be, and nothing to scroll as long as they can be read.
import { headingEm } from "./wall_groups.js";
import { planWall } from "./wall_plan.js";

const PADDING_REM = 0.9;
const PHONE = matchMedia("(max-width: 900px)");

/**
 * Keep the form and the measures of the wall. Returns what to call when its groups have changed.
 * @param {HTMLElement} root @param {() => import("./wall_groups.js").Group[]} groups @returns {() => void}
 */
export function wallFit(root, groups) {
  const fit = () => {
    const now = groups();
    if (!now.length) return;
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const [width, height] = [root.offsetWidth - PADDING_REM * rem, root.offsetHeight - PADDING_REM * rem];
    const headed = now[0].meta.isConnected;
    const room = { width, height, rem, counts: now.map(({ site }) => site.cps.length), headed, titles: headed ? now.map(headingEm) : [] };
    const compact = root.dataset.density === "compact";
    const plan = PHONE.matches ? null : planWall(room, compact ? ["compact", "line"] : ["full", "compact", "line"]);
    root.classList.toggle("fit", Boolean(plan));
    root.classList.toggle("compact", plan ? plan.form !== "full" : compact);
    root.classList.toggle("line", plan?.form === "line");
    if (!plan) return root.style.removeProperty("--u");
    const measures = { w: plan.w, h: plan.h, g: plan.gap, head: plan.head, title: plan.title, u: plan.scale * rem };
    for (const [name, px] of Object.entries(measures)) root.style.setProperty(`--${name}`, `${px}px`);
    now.forEach(({ el }, k) => el.style.setProperty("--cols", String(plan.cols[k])));
  };
  new ResizeObserver(fit).observe(root);
  return fit;
}
