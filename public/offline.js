// Registers the service worker, which stores the page for use without a network and isolates it.

const RELOADED = "kindling.isolated";

// A user who has begun to interact is not interrupted by a reload.
let isTouched = false;
for (const type of ["pointerdown", "keydown", "drop", "paste"]) {
  addEventListener(type, () => (isTouched = true), { capture: true, once: true });
}

/**
 * Stores what was loaded in the service worker's cache. Without one (plain HTTP, private windows) the page needs its
 * network.
 * @returns {Promise<boolean>} true if a service worker now answers this page's requests
 */
export async function storeForOffline() {
  if (!("serviceWorker" in navigator)) return false;
  try {
    await navigator.serviceWorker.register(new URL("sw.js", document.baseURI));
    const { active } = await navigator.serviceWorker.ready;
    active.postMessage(performance.getEntriesByType("resource").map((entry) => entry.name));
    return true;
  } catch (error) {
    console.info("offline use is not available:", error.message);
    return false;
  }
}

/**
 * Reloads the page once per tab if its host does not isolate it: behind the service worker it is isolated, and only
 * then its workers share memory and compute on all cores.
 * @param {boolean} isServed whether a service worker answers this page's requests
 */
export function isolateOnce(isServed) {
  if (!isServed || crossOriginIsolated || isTouched) return;
  try {
    if (sessionStorage.getItem(RELOADED)) return;
    sessionStorage.setItem(RELOADED, "1");
  } catch {
    return; // Without storage a second reload could not be prevented.
  }
  location.reload();
}
