// Starts the page's wasm. A file of its own because the page allows no inline script; the hashed names of what to load
// stand in the attributes of its tag (Trunk.toml, pattern_script).

try {
  const theme = localStorage.getItem("kindling.theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // No storage: the system's preference it is.
}

const { js, wasm } = document.querySelector("script[data-wasm]").dataset;
try {
  const { default: init } = await import(new URL(js, document.baseURI));
  await init({ module_or_path: new URL(wasm, document.baseURI) });
  keepForOffline();
} catch (error) {
  console.error(error);
  const place = document.getElementById("loading");
  if (place) place.textContent = `Kindling could not be loaded: ${error.message}. Reload, or try a current browser.`;
}

// What was loaded is kept by a service worker, which is told of what came before it. Without one (plain HTTP, private
// windows) the page needs its network.
async function keepForOffline() {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register(new URL("sw.js", document.baseURI));
    const { active } = await navigator.serviceWorker.ready;
    active.postMessage(performance.getEntriesByType("resource").map((entry) => entry.name));
  } catch (error) {
    console.info("offline use is not available:", error.message);
  }
}
