// Downloads the program. The build writes a gzip file next to the wasm, so that every host sends a third of the bytes,
// even if it does not compress; the browser inflates it.

/**
 * Fetches `url` as wasm, through its gzip file where there is one.
 * @param {URL} url address of the wasm file
 * @param {(received: number, total: number) => void} progress bytes received so far, and in all; 0 if unknown
 * @returns {Promise<Response>} a response that WebAssembly can compile as it arrives
 */
export async function download(url, progress) {
  const packed = typeof DecompressionStream === "function" ? await fetch(`${url}.gz`) : undefined;
  const response = packed?.ok ? packed : await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname} answered ${response.status}`);
  // With a host that compresses, content-length counts compressed bytes, the stream decompressed ones.
  const total = response.headers.has("content-encoding") ? 0 : Number(response.headers.get("content-length"));
  let body = response.body.pipeThrough(counter((received) => progress(received, total)));
  if (response === packed) body = await inflated(body);
  return new Response(body, { headers: { "content-type": "application/wasm" } });
}

function counter(report) {
  let received = 0;
  return new TransformStream({
    transform(chunk, controller) {
      received += chunk.byteLength;
      report(received);
      controller.enqueue(chunk);
    },
  });
}

// Some hosts declare a .gz file as encoded content, which the browser inflates itself.
async function inflated(body) {
  const reader = body.getReader();
  const { done, value } = await reader.read();
  const rest = new ReadableStream({
    start(controller) {
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async pull(controller) {
      const next = await reader.read();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  const isGzip = !done && value[0] === 0x1f && (value.length < 2 || value[1] === 0x8b);
  return isGzip ? rest.pipeThrough(new DecompressionStream("gzip")) : rest;
}
