// Keeps one release of the app whole, so it opens without a network. RELEASE stands above: the server writes it.
const CACHE = `piquetickets-door-${RELEASE.version}`;

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(tidy()));
self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
});
self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== location.origin) return;
  if (event.request.mode === "navigate" && address.pathname === RELEASE.page) {
    event.respondWith(kept(RELEASE.page, event.request));
  } else if (RELEASE.files.includes(address.pathname)) {
    event.respondWith(kept(address.pathname, event.request));
  }
});

// All of it or nothing: addAll fails where one answer is missing, and the release before stays.
async function keep() {
  const cache = await caches.open(CACHE);
  const page = new Request(RELEASE.page, { cache: "no-cache" });
  await cache.addAll([...RELEASE.files, page]);
  const text = await (await cache.match(RELEASE.page)).text();
  // Two releases answer while servers are changed one by one: page and files must be of one.
  if (!text.includes(`data-version="${RELEASE.version}"`)) {
    await caches.delete(CACHE);
    throw new Error("The page is of another release");
  }
}

async function tidy() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith("piquetickets-door-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function kept(path, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? fetch(request);
}
