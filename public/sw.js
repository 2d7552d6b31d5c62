// Makes the page work without a network, from any path: everything that the page itself is made of is kept at the first
// visit. Files with a hash in their name never change and are taken from what is kept; the page is asked for anew each
// time, so that a new version is taken up at the next load, and comes from what is kept only if nobody answers.
// Data is none of its business: the engine's worker keeps that itself.
// It also says what most hosts do not say, that the page is isolated from others: only then may its workers share memory.

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
  // The tabs' addresses differ in their query only: one page is kept.
  const key = request.mode === "navigate" ? scope.href : request.url;
  const answer = HASHED.test(path) ? keptFirst(request, key) : freshFirst(request, key);
  event.respondWith(answer.then(isolated));
});

// The same answer with the two headers that isolate a page, or a worker of such a page.
function isolated(response) {
  if (response.type !== "basic" || response.redirected) return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

// What the page had loaded before this worker was there.
self.addEventListener("message", (event) => {
  if (Array.isArray(event.data)) event.waitUntil(keepAll(event.data));
});

// The page itself is kept last: once it is there, so is all that it is made of. A file that is not to be had leaves what
// was kept before.
async function keepAll(urls) {
  const cache = await caches.open(CACHE);
  const own = urls.filter((url) => url.startsWith(scope.href) && !url.startsWith(`${scope.href}data/`));
  const parts = new Set([`${scope.href}worker.js`, ...own]);
  parts.delete(scope.href);
  await Promise.all([...parts].map((url) => cache.add(url)));
  await cache.add(scope.href);
  // Files of an earlier version, which no page asks for any more.
  for (const request of await cache.keys()) {
    if (HASHED.test(request.url) && !parts.has(request.url)) await cache.delete(request);
  }
}

async function keptFirst(request, key) {
  const cache = await caches.open(CACHE);
  return (await cache.match(key)) ?? keep(cache, key, await fetch(request));
}

async function freshFirst(request, key) {
  const cache = await caches.open(CACHE);
  try {
    return keep(cache, key, await fetch(request));
  } catch (error) {
    const kept = await cache.match(key);
    if (kept) return kept;
    throw error;
  }
}

function keep(cache, key, response) {
  if (response.ok && !response.redirected) cache.put(key, response.clone()).catch(() => {});
  return response;
}
