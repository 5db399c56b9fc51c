// A few charging points share the whole wall in even rows, with larger tiles.

const FEW = 24;
const WIDE = 264;
const TALLEST = 230;
const LOWEST = 168;
const GAP = 14;
const REST = 30;

/**
 * Keep --cols and --tall of the wall. Returns what to call when the number of charging points has changed.
 * @param {HTMLElement} root @param {() => number} count @returns {() => void}
 */
export function roomy(root, count) {
  const fit = () => {
    const n = count();
    root.classList.toggle("roomy", n <= FEW);
    if (!n || n > FEW) return;
    const rows = Math.ceil(n / Math.max(1, Math.floor(root.clientWidth / WIDE)));
    const tall = Math.floor((root.clientHeight - REST) / rows) - GAP;
    root.style.setProperty("--cols", String(Math.ceil(n / rows)));
    root.style.setProperty("--tall", `${Math.max(LOWEST, Math.min(TALLEST, tall))}px`);
  };
  new ResizeObserver(fit).observe(root);
  return fit;
}
