// The driver's page: its own charge, its own tickets, and which charging points are free. Nobody else's.
import { $, put, queried, sheets } from "../dom.js";
import { euros } from "../format.js";
import { onLang, t, use } from "../i18n.js";
import { later } from "../later.js";
import { Store } from "../store.js";
import { startShell } from "../shell.js";
import { startBar } from "../driver/bar.js";
import { Journey } from "../driver/journey.js";
import { showLive, stateOf } from "../driver/live.js";
import { startNotify } from "../driver/notify.js";
import { showPin, startPin } from "../driver/pin.js";
import { Points } from "../driver/points.js";
import { Question } from "../driver/question.js";
import { showSteps, spokenStep, stepsOf } from "../driver/steps.js";
import { markSeen, Tickets } from "../driver/tickets.js";
import { Until } from "../driver/until.js";

// Also the reasons: a ticket keeps the words in which it was shown first.
await use("driver", "codes");

const store = new Store();
const journey = new Journey(() => store.now());
/** What was: loaded after the present. @type {import("../driver/history.js").History|undefined} */ let history;
/** @type {import("../driver/wallet.js").Wallet|undefined} */ let wallet;
const question = new Question();
const tickets = new Tickets({ onSeen: seen });
const until = new Until();
const points = new Points({ onCharge: (cp) => begin({ cp }) });
const code = (queried("cp") ?? "").toUpperCase();
points.filter.value = code;
const narrow = matchMedia("(max-width: 900px)");
/** A second click within this time still means what the button said before. */
const DOUBLE_MS = 600;
let painting = 0;
let told = "";
let had = "";
let offered = "";
let offeredAt = 0;

function paint() {
  painting = 0;
  const { me } = store;
  const { record } = journey;
  const place = (id) => store.cps.find((cp) => cp?.id === id)?.location ?? "";
  const empty = me && me.balance_cents <= 0 && !journey.busy ? t("driver.empty") : "";
  // A page that is opened without a network need not wait to know it.
  const lost = store.link === "lost" || (!me && !navigator.onLine);
  showLive({ journey, me, now: store.now(), place, lost, known: me !== null, empty });
  const offer = record ? (journey.busy ? "stop" : "close") : "ask";
  if (offer !== offered) [offered, offeredAt] = [offer, performance.now()];
  if (stateOf(journey, me !== null) === "idle") put($("#act-label"), anyLabel());
  if (me && !record && scanned() && !isFree(scanned())) put($("#under"), t("driver.not_free", { cp: scanned() }));
  const steps = record ? stepsOf(record, journey.stopping) : [];
  $("#steps-card").hidden = !record;
  until.box.hidden = record !== null;
  showSteps($("#steps"), steps);
  put($("#steps-said"), spokenStep(steps) || empty);
  if (!me) return;
  question.show(me.question, store.now(), place);
  showPin(me.pin_limit_cents);
  put($("#driver-id"), me.driver_id);
  put($("#balance"), euros(me.balance_cents));
  put($("#held"), euros(me.held_cents));
  $("#held-box").hidden = me.held_cents === 0;
  $("#owed").hidden = me.owed_cents === 0;
  put($("#owed"), t("driver.owed", { sum: euros(me.owed_cents) }));
  points.show(store.free.map((i) => store.cps[i]).filter(Boolean), journey.busy, store.cps.filter(Boolean));
  tickets.show(me.tickets, record?.ticket?.session_id ?? record?.last?.session_id ?? "");
}

const isFree = (id) => store.free.some((i) => store.cps[i]?.id === id);
/** The charging point whose code was scanned, until something else is looked for; or "". */
const scanned = () => (code && points.filter.value === code ? code : "");
const anyLabel = () => (isFree(scanned()) ? t("driver.take", { cp: scanned() }) : points.location ? t("driver.any_near", { location: points.location }) : t("driver.any"));

function repaint() {
  painting ||= requestAnimationFrame(paint);
}

/** Ask for a charge, with the limit that is chosen; without one that is none. @param {{cp?: string, location?: string}} wanted */
function begin(wanted) {
  const limits = until.wanted;
  if (limits) journey.ask({ ...wanted, until: limits, price: points.priceOf(wanted.cp) });
}

/** What the big button does depends on what it says. */
function act() {
  const { record } = journey;
  if (performance.now() - offeredAt < DOUBLE_MS) return undefined;
  if (!record) return store.me && begin(isFree(scanned()) ? { cp: scanned() } : { location: points.location || undefined });
  if (journey.busy) return journey.stop();
  if (record.offer) return journey.ask({ cp: record.offer, until: record.wanted_until, price: points.priceOf(record.offer) });
  return record.ticket ? seen(record.ticket.session_id) : journey.forget();
}

/** @param {string} session */
function seen(session) {
  if (journey.record?.ticket?.session_id === session) journey.forget();
  markSeen(session);
}

function follow() {
  const { me } = store;
  if (!me) return;
  journey.follow(me);
  // What has ended is in the books now.
  const now = [me.session?.session_id, me.tickets.length, me.refused?.request_id].join();
  if (now !== told) history?.refresh();
  told = now;
  const has = [me.balance_cents, me.owed_cents].join();
  if (has !== had) wallet?.refresh();
  had = has;
}

async function past() {
  const [{ History }, { Wallet }, { Wishes }] = await Promise.all([import("../driver/history.js"), import("../driver/wallet.js"), import("../driver/wishes.js"), use("wishes"), sheets("wishes")]);
  if (history) return;
  [history, wallet] = [new History(), new Wallet()];
  points.wishes = new Wishes(points);
  history.refresh();
  wallet.refresh();
}

/** On a phone the history comes last, for the eye and for the keyboard. */
function arrange() {
  (narrow.matches ? $("main") : $("#left")).append($("#history"));
}

narrow.addEventListener("change", arrange);
arrange();
startPin();
startNotify();
startBar(act);
$("#act").addEventListener("click", act);
$("#filter").addEventListener("filtered", repaint);
journey.addEventListener("change", repaint);
for (const name of ["snapshot", "me"]) store.addEventListener(name, follow);
store.addEventListener("snapshot", () => history || later(past));
for (const name of ["points", "link"]) store.addEventListener(name, repaint);
onLang(() => {
  history?.show();
  wallet?.show();
  if (store.me) tickets.show(store.me.tickets, "", true);
  repaint();
});
setInterval(repaint, 1000);
paint();
store.connect();
await startShell({ store, title: "driver.page" });
