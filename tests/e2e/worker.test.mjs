// The worker without the playground: data that is fetched, cached and resumed; a lost device; a crash.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { shapes, spec, worker as start } from "./engine.mjs";
import { launch, open, serve } from "./site.mjs";

const IMAGES = 1000;
let site;
let data;
let browser;

const worker = (...options) => start(browser, ...options);

before(async () => {
  site = await serve();
  data = await serveData(site.url);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await site?.close();
  await data?.close();
});

/** Serves the built page and CIFAR-10 files of a thousand images; records requests, and may be slow. */
async function serveData(page) {
  const asked = [];
  const state = { asked, pause: 0, breakAfter: Infinity, cors: {} };
  const file = (number) => {
    const bytes = Buffer.alloc(IMAGES * 3073);
    for (let i = 0; i < IMAGES; i += 1) {
      const label = (i + number) % 10;
      bytes.fill(20 + label * 22, i * 3073, (i + 1) * 3073);
      bytes[i * 3073] = label;
    }
    return bytes;
  };
  const files = new Map([1, 2, 3, 4, 5].map((n) => [`data_batch_${n}.bin`, file(n)]));
  files.set("test_batch.bin", file(6));
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    if (!pathname.includes("/data/")) {
      const answer = await fetch(new URL(pathname, page));
      const headers = { "content-type": answer.headers.get("content-type") ?? "text/html" };
      return response.writeHead(answer.status, headers).end(Buffer.from(await answer.arrayBuffer()));
    }
    const bytes = pathname.includes("cifar-10-batches-bin") && files.get(pathname.split("/").pop());
    if (!bytes) return response.writeHead(404, state.cors).end();
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (request.method === "GET") asked.push(`${pathname.split("/").pop()}@${from}`);
    const range = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(from ? 206 : 200, { "content-length": bytes.length - from, etag: '"one"', ...state.cors, ...(from ? range : {}) });
    if (request.method === "HEAD") return response.end();
    for (let at = from; at < bytes.length; at += 1 << 18) {
      if (at - from >= state.breakAfter) return response.destroy();
      response.write(bytes.subarray(at, at + (1 << 18)));
      await new Promise((done) => setTimeout(done, state.pause));
    }
    return response.end();
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  state.url = `http://127.0.0.1:${server.address().port}${new URL(page).pathname}`;
  state.close = () => new Promise((done) => server.close(done));
  return state;
}

test("a saved model has the same metrics in another worker", async () => {
  const { page, context, ask, until, complaints } = await worker(site.url);
  await ask(shapes(600, 200));
  await ask({ begin: { run: 1, spec: spec() } });
  await ask({ train: 1 });
  await until("ended");
  await ask({ inspect: "confusion" });
  const { evaluation } = (await until("inspected")).answer.confusion;
  await ask({ save: "model" });
  await until("file");
  await page.evaluate(() => { window.model = new Uint8Array(window.bulk[0]); window.again(); });
  await until("ready");
  await ask({ "use-device": "cpu" });
  await ask(shapes(600, 200));
  await page.evaluate(() => window.ask({ "open-file": { name: "a.safetensors" } }, [window.model]));
  const summary = await until("file-opened");
  assert.equal(summary.mismatch, null);
  await ask({ "use-file": { run: 2, spec: spec() } });
  await until("begun");
  await ask({ inspect: "confusion" });
  assert.deepEqual((await until("inspected")).answer.confusion.evaluation, evaluation);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("training begins during the download, and a second visit downloads nothing", async () => {
  data.pause = 40;
  const { context, page, ask, until } = await worker(data.url);
  await ask({ "open-data": { kind: { cifar: { hundred: false, url: null } } } });
  await ask({ begin: { run: 1, spec: spec({ epochs: 3 }) } });
  await ask({ train: 1 });
  const begun = await until("progress");
  assert.ok(begun.position.step > 0);
  const during = data.asked.length;
  assert.ok(during < 6, `training began after ${during} of 6 files were asked for`);
  await until("ended");
  data.pause = 0;
  const asked = data.asked.length;
  assert.equal(asked, 6);
  await page.close();
  const second = await worker(data.url, "cpu", context);
  await second.ask({ "open-data": { kind: { cifar: { hundred: false, url: null } } } });
  let info = await second.until("data-ready");
  while (!info.complete) info = await second.until("data-ready");
  assert.equal(info.train, 5 * IMAGES);
  assert.ok(info.cached);
  assert.equal(data.asked.length, asked);
  await context.close();
});

test("missing data is reported with advice", async () => {
  const { context, ask, until } = await worker(site.url);
  await ask({ "open-data": { kind: { cifar: { hundred: false, url: null } } } });
  assert.match((await until("data-failed")).reason, /cargo xtask data cifar10/);
  await ask({ "open-data": { kind: { url: "nothing.zip" } } });
  assert.match((await until("data-failed")).reason, /no such file/);
  await context.close();
});

test("data is loaded from another server if CORS allows it, else reported with advice", async () => {
  const { context, ask, until } = await worker(site.url);
  const elsewhere = { "open-data": { kind: { cifar: { hundred: false, url: `${data.url}data/cifar-10-batches-bin/` } } } };
  await ask(elsewhere);
  assert.match((await until("data-failed")).reason, /CORS/);
  data.cors = { "access-control-allow-origin": "*" };
  await ask(elsewhere);
  let info = await until("data-ready");
  while (!info.complete) info = await until("data-ready");
  assert.equal(info.train, 5 * IMAGES);
  await context.close();
});

test("a run resumes after its device is lost, and finishes", async () => {
  const { context, ask, until } = await worker(site.url, "gpu");
  await ask(shapes(400, 100));
  await ask({ begin: { run: 1, spec: spec({ epochs: 3 }) } });
  await ask({ train: 1 });
  await until("epoch");
  await ask("lose-device");
  const { step } = await until("recovered");
  assert.ok(step >= 8);
  await until("ended");
  await context.close();
});

test("a run resumes from the last checkpoint in another worker", async () => {
  const { context, page, ask, until } = await worker(site.url);
  await ask(shapes(400, 100));
  // Long enough not to finish before the crash.
  await ask({ begin: { run: 1, spec: spec({ epochs: 100, evaluate_every: 50 }) } });
  await ask({ train: 1 });
  await until("checkpointed");
  await ask("crash");
  await until("crashed");
  await page.evaluate(() => window.again());
  // It may be found before or after the worker says that it is ready.
  const found = await until("checkpoint-found");
  assert.ok(found.step >= 8);
  assert.equal(found.data.kind, "shapes");
  await ask({ "use-device": "cpu" });
  await ask(shapes(400, 100));
  await ask({ resume: { run: 2, from: { slot: found.slot } } });
  const begun = await until("begun");
  assert.equal(begun.resumed_at.step, found.step);
  await ask({ train: 2 });
  await until("ended");
  await context.close();
});

test("a worker reports that it cannot start its program", async () => {
  const { page, context } = await open(browser, `${site.url}bench.html?device=cpu`);
  const reason = await page.evaluate(() => new Promise((said) => {
    const worker = new Worker("./worker.js", { type: "module" });
    worker.onerror = (event) => { event.preventDefault(); said(event.message); };
    worker.postMessage({ js: new URL("nothing.js", location).href, module: null });
  }));
  assert.match(reason, /nothing\.js/);
  await context.close();
});

test("the benchmark runs in the worker", async () => {
  const { page, context } = await open(browser, `${site.url}bench.html?device=cpu`);
  await page.waitForFunction(() => window.__bench.ready);
  const result = await page.evaluate(() => window.__bench.run("W1b4", 1));
  assert.ok(Math.abs(result.loss - 2.24966) < 1e-4, `${result.loss}`);
  await context.close();
});
