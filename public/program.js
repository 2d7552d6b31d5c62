// Starts the engine's worker for pages other than the playground, which has loaded the program already.

/** A worker of this name. What it is to run stands, with hashed names, in the playground's own starter tag. */
export async function startWorker(name) {
  const playground = new URL("./", document.baseURI);
  const html = await (await fetch(playground)).text();
  const { js, wasm } = new DOMParser().parseFromString(html, "text/html").querySelector("script[data-wasm]").dataset;
  const worker = new Worker(new URL("worker.js", playground), { type: "module", name });
  worker.postMessage({ js: new URL(js, playground).href, module: new URL(wasm, playground).href });
  return worker;
}
