// The pictures of the pages, drawn on 24 by 24: lines, and what is filled. They enter the page once, as symbols.

const BOX = "h3.8q1.6 0 1.6 1.6v3.8q0 1.6 -1.6 1.6h-3.8q-1.6 0 -1.6 -1.6v-3.8q0 -1.6 1.6 -1.6z";
const BAR = "h13.8q1.6 0 1.6 1.6v2.8q0 1.6 -1.6 1.6h-13.8q-1.6 0 -1.6 -1.6v-2.8q0 -1.6 1.6 -1.6z";
const RING = "M3 12a9 9 0 1 0 18 0a9 9 0 1 0 -18 0z";
const PLUG = "M9 3v4.4M15 3v4.4M6.8 7.4h10.4v3.4a5.2 5.2 0 0 1-10.4 0zM12 16v5";
const KEY = "M4 15.5a4 4 0 1 0 8 0a4 4 0 1 0 -8 0zM11 12.5l8-8M16 7.5l3 3";

/** @type {Record<string, [string, string?]>} name → path of the lines, path of the filled part */
const PICTURES = {
  available: [`${RING}M8 12.4l2.8 2.8L16 9.6`],
  preparing: [PLUG],
  charging: ["", "M13.4 2 5 13.4h5.6L9.4 22 19 9.8h-6z"],
  unavailable: [`${RING}M7.4 12h9.2`],
  faulted: ["M12 3.2 22 20.4H2zM12 9.6v5M12 17.4v.2"],
  disconnected: [`${PLUG}M3 21 21 3`],
  finishing: ["M4 16.5v-3.2l1.9-5A2 2 0 0 1 7.8 7h8.4a2 2 0 0 1 1.9 1.3l1.9 5v3.2zM4.6 13h14.8M6.4 16.5v2M17.6 16.5v2", "M7.2 14h2v1.4h-2zM14.8 14h2v1.4h-2z"],
  info: [`${RING}M12 11v5.5M12 7.5v.2`],
  wall: [`M5.1 3.5${BOX}M15.1 3.5${BOX}M5.1 13.5${BOX}M15.1 13.5${BOX}`],
  tiles: [`M5.1 4.5${BAR}M5.1 13.5${BAR}`],
  compact: ["M4 6h7M13.5 6H20M4 12h7M13.5 12H20M4 18h7M13.5 18H20"],
  mosaic: ["", "M4 4h4v4H4zM10 4h4v4h-4zM16 4h4v4h-4zM4 10h4v4H4zM10 10h4v4h-4zM16 10h4v4h-4zM4 16h4v4H4zM10 16h4v4h-4zM16 16h4v4h-4z"],
  map: ["M12 21s7-6.2 7-11.4A7 7 0 0 0 5 9.6C5 14.8 12 21 12 21zM9.6 9.6a2.4 2.4 0 1 0 4.8 0a2.4 2.4 0 1 0 -4.8 0z"],
  history: ["M4.5 12A7.5 7.5 0 1 0 7 6.4L4.5 8.6M4.5 4v4.6h4.6M12 8v4.4l3 1.8"],
  stats: ["M4 19.5h16M7 16v-5M12 16V5M17 16v-8"],
  drivers: ["M8.4 8a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0 -7.2 0zM4.8 20c.8-4 3.7-6 7.2-6s6.4 2 7.2 6"],
  weather: ["M7 18.5h9.6a3.8 3.8 0 0 0 .3-7.6 5.4 5.4 0 0 0-10.4-.9A4.3 4.3 0 0 0 7 18.5z"],
  audit: ["M5 6.5h14M5 12h14M5 17.5h9"],
  registration: [`${KEY}M14 9.5l2 2`],
  monitor: ["M3 12.5h4l2.5-6.5 4 12 2.8-5.5H21"],
  search: ["M4.5 10.8a6.3 6.3 0 1 0 12.6 0a6.3 6.3 0 1 0 -12.6 0zM15.6 15.6l5 5"],
  theme: ["M3.5 12a8.5 8.5 0 1 0 17 0a8.5 8.5 0 1 0 -17 0z", "M12 3.5a8.5 8.5 0 0 1 0 17z"],
  close: ["M6 6l12 12M18 6 6 18"],
  check: ["M5 12.5l4.8 4.8L19 7.5"],
  star: ["M12 3.6l2.6 5.4 5.8.8-4.2 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9-4.2-4.1 5.8-.8z"],
  bell: ["M6 16.5V11a6 6 0 0 1 12 0v5.5l1.6 2H4.4zM10 21h4"],
  key: [KEY],
  lock: ["M7 10.5h10q2 0 2 2v6q0 2 -2 2h-10q-2 0 -2 -2v-6q0 -2 2 -2zM8 10.5V8a4 4 0 0 1 8 0v2.5"],
  logout: ["M14 4H6v16h8M10.5 12H21M17.5 8.5 21 12l-3.5 3.5"],
  keyboard: ["M4.5 6h15q2 0 2 2v8q0 2 -2 2h-15q-2 0 -2 -2v-8q0 -2 2 -2zM6.5 10h.1M10.2 10h.1M13.9 10h.1M17.5 10h.1M8 14h8"],
  doc: ["M6 3.5h8l4.5 4.5v12.5H6zM14 3.5V8h4.5M9 12.5h6M9 16h6"],
  copy: ["M10.5 8.5h7q2 0 2 2v7q0 2 -2 2h-7q-2 0 -2 -2v-7q0 -2 2 -2zM15.5 8.5v-3a1.5 1.5 0 0 0-1.5-1.5H6A1.5 1.5 0 0 0 4.5 5.5v8A1.5 1.5 0 0 0 6 15h2.5"],
  download: ["M12 4v11M7.5 10.5 12 15l4.5-4.5M4.5 20h15"],
  plus: ["M12 5v14M5 12h14"],
  phone: ["M8.5 3h7q2 0 2 2v14q0 2 -2 2h-7q-2 0 -2 -2v-14q0 -2 2 -2zM11 18h2"],
  more: ["", "M3.2 12a1.8 1.8 0 1 0 3.6 0a1.8 1.8 0 1 0 -3.6 0zM10.2 12a1.8 1.8 0 1 0 3.6 0a1.8 1.8 0 1 0 -3.6 0zM17.2 12a1.8 1.8 0 1 0 3.6 0a1.8 1.8 0 1 0 -3.6 0z"],
  fit: ["M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"],
  minus: ["M5 12h14"],
  up: ["M6 14.5l6-6 6 6"],
  down: ["M6 9.5l6 6 6-6"],
  prev: ["M14.5 6l-6 6 6 6"],
  next: ["M9.5 6l6 6-6 6"],
  stop: ["M8 6h8q2 0 2 2v8q0 2 -2 2h-8q-2 0 -2 -2v-8q0 -2 2 -2z"],
  play: ["M8 5.5v13l10.5-6.5z"],
  edit: ["M4.5 19.5h4L19 9l-4-4L4.5 15.5zM13 7l4 4"],
  trash: ["M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10 11v5M14 11v5"],
  clock: ["M3.5 12a8.5 8.5 0 1 0 17 0a8.5 8.5 0 1 0 -17 0zM12 7.5V12l3 2"],
  wallet: ["M6 6h12q2.5 0 2.5 2.5v8q0 2.5 -2.5 2.5h-12q-2.5 0 -2.5 -2.5v-8q0 -2.5 2.5 -2.5zM3.5 10h17M16 14.5h1.5"],
  ticket: ["M5 3.5h14v17l-2.4-1.6-2.3 1.6-2.3-1.6-2.3 1.6-2.3-1.6L5 20.5zM9 8.5h6M9 12.5h6"],
};

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} tag @param {Record<string, string>} attrs @param {...Node} children */
function node(tag, attrs, ...children) {
  const el = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attrs)) el.setAttribute(name, value);
  el.append(...children);
  return el;
}

/** Put the pictures into the page, for <use href="#i-…">. */
export function drawPictures() {
  const symbols = Object.entries(PICTURES).map(([name, [lines, filled]]) =>
    node("symbol", { id: `i-${name}`, viewBox: "0 0 24 24" },
      ...(lines ? [node("path", { d: lines })] : []),
      ...(filled ? [node("path", { d: filled, fill: "currentColor", stroke: "none" })] : [])));
  document.body.prepend(node("svg", { class: "sprite", "aria-hidden": "true", width: "0", height: "0" }, ...symbols));
}
