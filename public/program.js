// Starts the engine's worker for pages that have not loaded the program, unlike the playground.

/** Starts a worker of this name. The hashed names of its program are attributes of the playground's starter tag. */
export async function startWorker(name) {
  const playground = new URL("./", document.baseURI);
  const html = await (await fetch(playground)).text();
  const { js, wasm } = new DOMParser().parseFromString(html, "text/html").querySelector("script[data-wasm]").dataset;
  const worker = new Worker(new URL("worker.js", playground), { type: "module", name });
  worker.postMessage({ js: new URL(js, playground).href, module: new URL(wasm, playground).href });
  return worker;
}
