// How the page says that what it shows is live, stale or lost; what Central itself says is missing; and who leads.
import { get } from "./api.js";
import { $, h, icon, put } from "./dom.js";
import { toast } from "./notes.js";
import { when } from "./format.js";
import { fitting, has, onLang, t } from "./i18n.js";
import { dayOf } from "./zone.js";

const KEPT = "evcharge.heard";

/** Keep the lamp, the banner and data-link of the page. @param {import("./store.js").Store} store */
export function watchLink(store) {
  let lost = false;
  let lostAt = 0;
  const show = () => {
    const { link } = store;
    // Measurements ask what was loaded until the page was live.
    if (link === "live" && document.documentElement.dataset.link === "wait") performance.mark("live");
    document.documentElement.dataset.link = link;
    put($("#link span"), t(`link.${link}`, { seconds: Math.round(Math.min(store.age(), 999)) }));
    if (link === "lost" && !lost) lostAt = store.heardAt ? store.now() - store.age() : 0;
    if (link === "live" && lost) toast(t("restored.central"), "ok");
    lost = link === "lost" || (lost && link !== "live");
    const banner = $("#lost");
    banner.hidden = link !== "lost";
    if (link !== "lost") return;
    // A page that was opened without Central knows from last time when it was there.
    const since = lostAt || Number(localStorage.getItem(KEPT));
    const key = lostAt ? "link.since" : since ? "link.before" : "link.never";
    put(banner, t(key, { time: when(since, store.now()) }));
  };
  addEventListener("pagehide", () => store.heardAt && localStorage.setItem(KEPT, String(store.now() - store.age())));
  store.addEventListener("link", show);
  onLang(show);
  show();
}

/** Keep Central's banners; each that goes says what is back. @param {import("./store.js").Store} store */
export function watchBanners(store) {
  let ids = new Set();
  const line = (banner) =>
    h("p", { class: "banner", "data-banner": banner.id },
      icon("faulted"), h("span", null, fitting(banner)),
      banner.since && h("time", null, t("banner.since", { time: when(banner.since, store.now()) })),
    );
  const show = () => {
    $("#banners").replaceChildren(...store.banners.map(line));
    const now = new Set(store.banners.map((banner) => banner.id));
    for (const id of ids) if (!now.has(id) && has(`restored.${id}`)) toast(t(`restored.${id}`), "ok");
    ids = now;
  };
  store.addEventListener("banners", show);
  store.addEventListener("snapshot", show);
  onLang(show);
  eachDay(store, show);
}

/**
 * Keep the last line: which of several Centrals leads, since when, and why. A take-over ends the page's link, so that
 * each snapshot may tell of one.
 * @param {import("./store.js").Store} store
 */
export function watchLead(store) {
  const line = h("footer", { id: "led", class: "led", hidden: true });
  $("main").after(line);
  let found;
  const show = () => {
    line.hidden = !found?.leader;
    if (found?.leader) put(line, `${fitting(found)} · ${t("banner.since", { time: when(Date.parse(found.since) / 1000, store.now()) })}`);
  };
  const ask = async () => {
    found = await get("/api/members");
    show();
  };
  store.addEventListener("snapshot", () => ask().catch(() => {}));
  onLang(show);
  eachDay(store, show);
  return ask();
}

/** Call `show` when another day has begun: what needed no date yesterday needs one now. @param {import("./store.js").Store} store @param {() => void} show */
function eachDay(store, show) {
  let shown = dayOf(store.now());
  setInterval(() => {
    const day = dayOf(store.now());
    if (day !== shown) show();
    shown = day;
  }, 1000);
}
