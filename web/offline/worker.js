// The service worker: a second visit needs no network, and no visit gets files of two versions.
//
// A version is a list of files with their hashes, written by `web/scripts/finish-page.mjs`. It is kept
// whole or not at all. Online, the page itself comes from the network, so nobody looks at an old one;
// offline, or when the network is slow, it comes from the version that is kept. All other files carry
// their hash in their name. What is not in the list, other sites' requests and those of an API server
// behind `kubectl proxy` among them, is none of its business.

const VERSION = "BUILD-VERSION";
/** Path: hash, for what every visit loads. */
const WHOLE = { FILES: "" };
/** The same for what is loaded when it is needed, and kept then. */
const LATER = { LAZY: "" };

/** How long the network may take for the page, in milliseconds, before the kept one is shown. */
const PATIENCE = 4000;

const HOME = new URL("./", self.location.href);
/** Sites at one origin share their caches: the name tells whose and which. */
const PREFIX = `kubarium ${HOME.pathname} `;
const CACHE = PREFIX + VERSION;
const at = (path) => new URL(path, HOME).href;
const later = new Map(Object.entries(LATER).map(([path, integrity]) => [at(path), integrity]));
const whole = new Set(Object.keys(WHOLE).map(at));

self.addEventListener("install", (event) => event.waitUntil(keepWhole()));

/** Fetches every file and checks its hash; one that is missing or differs, and nothing is kept. */
async function keepWhole() {
  await caches.delete(CACHE);
  const cache = await caches.open(CACHE);
  try {
    await Promise.all(
      Object.entries(WHOLE).map(async ([path, integrity]) => {
        // A name with a hash in it never changes what it means; others are asked for anew.
        const cached = /-[0-9a-f]{16}[._]/.test(path) ? "default" : "no-cache";
        const response = await fetch(at(path), { integrity, cache: cached, redirect: "error" });
        if (!response.ok) throw new Error(`${path}: ${response.status}`);
        await cache.put(at(path), response);
      }),
    );
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

// Old versions go when no page uses them any more: that is when this one becomes active.
self.addEventListener("activate", (event) => event.waitUntil(begin()));

async function begin() {
  const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
  // What the first visit has loaded before there was a worker.
  const used = event.data?.used;
  if (Array.isArray(used)) event.waitUntil(Promise.allSettled(used.filter((href) => later.has(href)).map((href) => lazy(href, href))));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const url = new URL(request.url);
  url.search = "";
  url.hash = "";
  if (request.mode === "navigate") {
    if (url.href === HOME.href || url.href === at("index.html")) event.respondWith(page(event));
  } else if (whole.has(url.href)) {
    event.respondWith(kept(url.href).then((response) => response ?? fetch(request)));
  } else if (later.has(url.href)) {
    event.respondWith(lazy(url.href, request));
  }
});

const kept = async (href) => (await caches.open(CACHE)).match(href);

async function page(event) {
  const fresh = fetch(event.request).then((response) => {
    if (response.ok) event.waitUntil(promote(event));
    return response;
  });
  const old = await kept(at("./"));
  if (!old) return fresh;
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE, old));
  return Promise.race([fresh.then((response) => (response.status < 500 ? response : old)), patience]).catch(() => old);
}

/** A newer version waits until no page uses this one; a page that is being loaded does not use it yet. */
async function promote(event) {
  const waiting = self.registration.waiting;
  if (!waiting) return;
  // The page that is being left is still there.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const pages = await self.clients.matchAll({ type: "window" });
  if (pages.every((page) => page.id === event.resultingClientId)) waiting.postMessage("take over");
}

/** A file of another version may be read, where the page has no other, but is not kept. */
async function lazy(href, request) {
  const found = await kept(href);
  if (found) return found;
  const response = await fetch(href, { integrity: later.get(href) }).catch(() => null);
  if (!response?.ok) return fetch(request);
  const cache = await caches.open(CACHE);
  await cache.put(href, response.clone()).catch(() => {});
  return response;
}
