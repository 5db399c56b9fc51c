// Keeps the shell of the pages for when Central cannot be reached: their HTML, scripts and sheets, which hold nothing of
// the network. What /api/ and the socket say is never kept. Central fills in the version, so each update is another file.
const VERSION = "VERSION-OF-THE-PARTS";
const SHELL = `evcharge-${VERSION}`;
const PAGES = ["/", "/monitor", "/driver", "/login"];

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    for (const name of await caches.keys()) if (name.startsWith("evcharge-") && name !== SHELL) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

// A page tells what it was made of, once it stands.
self.addEventListener("message", (event) => {
  const ours = (event.data?.keep ?? []).filter((path) => path.startsWith(`/static/${VERSION}/`));
  if (ours.length) event.waitUntil(caches.open(SHELL).then((shell) => shell.addAll(ours)));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate" && PAGES.includes(pathname)) event.respondWith(page(request, pathname));
  else if (pathname.startsWith(`/static/${VERSION}/`)) event.respondWith(part(request));
});

/** From Central while it is there; who is not logged in is led on by it. */
async function page(request, pathname) {
  const shell = await caches.open(SHELL);
  try {
    const answer = await fetch(request);
    if (answer.status === 200 && answer.type === "basic") await shell.put(pathname, answer.clone());
    return answer;
  } catch (error) {
    const kept = await shell.match(pathname);
    if (kept) return kept;
    throw error;
  }
}

/** What has this version in its address never changes. */
async function part(request) {
  const shell = await caches.open(SHELL);
  const kept = await shell.match(request.url, { ignoreVary: true });
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.status === 200 && answer.type === "basic") await shell.put(request.url, answer.clone());
  return answer;
}
