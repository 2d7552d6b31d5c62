// Starts the page's wasm. A separate file, because the page allows no inline script. The hashed names of the files to load
// are attributes of its tag (Trunk.toml, pattern_script).

import { isolateOnce, storeForOffline } from "./offline.js";
import { download } from "./download.js";

try {
  const theme = localStorage.getItem("kindling.theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // No storage: the system's preference applies.
}

const { js, wasm } = document.querySelector("script[data-wasm]").dataset;
const bar = document.getElementById("loading-bar");
const text = document.getElementById("loading");

function showProgress(received, total) {
  if (!text || !total) return;
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  text.textContent = `Loading the program: ${megabytes(received)} of ${megabytes(total)} MB`;
  bar.hidden = false;
  bar.max = total;
  bar.value = received;
}

try {
  const program = download(new URL(wasm, document.baseURI), showProgress);
  const { default: init } = await import(new URL(js, document.baseURI));
  await init({ module_or_path: await program });
  isolateOnce(await storeForOffline());
} catch (error) {
  console.error(error);
  if (bar) bar.hidden = true;
  if (text) text.textContent = `Kindling could not be loaded: ${error.message}. Reload, or try a current browser.`;
}
