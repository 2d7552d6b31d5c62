// Service worker: makes the page work offline, at any path. All files of the page are cached at the first visit. Files with
// a hash in their name never change and are served from the cache; the page itself is fetched each time, so that a new
// version is used at the next load, and served from the cache only if the network fails. Data is cached by the engine's
// worker, not here.
// Also adds the headers that isolate the page, which most hosts do not send: only isolated pages have workers that share
// memory.

const CACHE = "kindling-page";
const HASHED = /-[0-9a-f]{8,}(_bg)?\.(js|css|wasm|wasm\.gz)$/;
const scope = new URL(self.registration.scope);

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const own = url.origin === scope.origin && url.pathname.startsWith(scope.pathname);
  if (request.method !== "GET" || !own || request.headers.has("range")) return;
  const path = url.pathname.slice(scope.pathname.length);
  if (path.includes("/") && !path.startsWith("snippets/")) return;
  // The tabs' addresses differ in their query only: one page is cached.
  const key = request.mode === "navigate" ? scope.href : request.url;
  const response = HASHED.test(path) ? cacheFirst(request, key) : networkFirst(request, key);
  event.respondWith(response.then(isolated));
});

// Adds the two headers that isolate a page, or a worker of such a page, to a response.
function isolated(response) {
  if (response.type !== "basic" || response.redirected) return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

// Files that the page loaded before this worker was active.
self.addEventListener("message", (event) => {
  if (Array.isArray(event.data)) event.waitUntil(cacheAll(event.data));
});

// Caches the page itself last, so that a cached page has all of its files. If a file fails to load, the previous version
// stays cached.
async function cacheAll(urls) {
  const cache = await caches.open(CACHE);
  const own = urls.filter((url) => url.startsWith(scope.href) && !url.startsWith(`${scope.href}data/`));
  const parts = new Set([`${scope.href}worker.js`, ...own]);
  parts.delete(scope.href);
  await Promise.all([...parts].map((url) => cache.add(url)));
  await cache.add(scope.href);
  // Deletes files of earlier versions.
  for (const request of await cache.keys()) {
    if (HASHED.test(request.url) && !parts.has(request.url)) await cache.delete(request);
  }
}

async function cacheFirst(request, key) {
  const cache = await caches.open(CACHE);
  return (await cache.match(key)) ?? store(cache, key, await fetch(request));
}

async function networkFirst(request, key) {
  const cache = await caches.open(CACHE);
  try {
    return store(cache, key, await fetch(request));
  } catch (error) {
    const cached = await cache.match(key);
    if (cached) return cached;
    throw error;
  }
}

function store(cache, key, response) {
  if (response.ok && !response.redirected) cache.put(key, response.clone()).catch(() => {});
  return response;
}
