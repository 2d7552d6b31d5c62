// The worker by itself, spoken to as the page speaks to it: data that is fetched, kept and resumed; a lost device; a death.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { launch, open, serve } from "./site.mjs";

const PICTURES = 1000;
let site;
let data;
let browser;

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

/** The built page with CIFAR-10 files of a thousand pictures beside it; counts what is asked for, and may be slow. */
async function serveData(page) {
  const asked = [];
  const state = { asked, pause: 0, breakAfter: Infinity };
  const file = (number) => {
    const bytes = Buffer.alloc(PICTURES * 3073);
    for (let i = 0; i < PICTURES; i += 1) {
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
    if (!bytes) return response.writeHead(404).end();
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (request.method === "GET") asked.push(`${pathname.split("/").pop()}@${from}`);
    const range = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(from ? 206 : 200, { "content-length": bytes.length - from, etag: '"one"', ...(from ? range : {}) });
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

/** A page with a worker: `ask(message)`, and `until(name)`, which gives the first message of that name since the last. */
async function worker(url, device = "cpu", context = undefined) {
  const opened = context ? { page: await context.newPage(), context } : await open(browser, `${url}bench.html`);
  if (context) await opened.page.goto(`${url}bench.html`);
  const { page } = opened;
  await page.evaluate(async () => {
    const heard = [];
    let wake = () => {};
    const start = () => {
      const engine = new Worker("./worker_loader.js", { type: "module", name: `test-${Math.random()}` });
      engine.onmessage = ({ data: { text, bulk } }) => {
        const message = JSON.parse(text);
        const name = typeof message === "string" ? message : Object.keys(message)[0];
        heard.push({ name, body: message[name], bulk });
        wake();
      };
      return engine;
    };
    let engine = start();
    const until = async (name) => {
      for (;;) {
        const at = heard.findIndex((one) => one.name === name || one.name === "failed");
        if (at >= 0) {
          const [one] = heard.slice(at);
          heard.splice(0, at + 1);
          if (one.name === "failed" && name !== "failed") throw new Error(one.body.reason);
          window.bulk = one.bulk;
          return one.body;
        }
        await new Promise((done) => { wake = done; });
      }
    };
    window.ask = (message, bulk = []) => engine.postMessage({ text: JSON.stringify(message), bulk });
    window.until = until;
    window.again = () => { engine.terminate(); heard.length = 0; engine = start(); };
    window.heard = heard;
    await until("ready");
  });
  const ask = (message) => page.evaluate((message) => window.ask(message), message);
  const until = (name) => page.evaluate((name) => window.until(name), name);
  await ask({ "use-device": device });
  return { ...opened, ask, until };
}

const spec = (changes) => ({
  preset: "mlp",
  optimizer: { name: "Adam", lr: 0.001 },
  batch_size: 50,
  epochs: 2,
  evaluate_every: 1,
  ...changes,
});

const shapes = (train, test) => ({ "open-data": { kind: "shapes", train, test } });

test("a model that was saved is opened by another worker and does the same", async () => {
  const { page, context, ask, until, complaints } = await worker(site.url);
  await ask(shapes(600, 200));
  await ask({ begin: { run: 1, spec: spec() } });
  await ask({ go: 1 });
  await until("ended");
  await ask({ look: "confusion" });
  const { evaluation } = await until("confusion");
  await ask({ save: "model" });
  await until("file");
  await page.evaluate(() => { window.model = new Uint8Array(window.bulk[0]); window.again(); });
  await until("ready");
  await ask({ "use-device": "cpu" });
  await ask(shapes(600, 200));
  await page.evaluate(() => window.ask({ inspect: { name: "a.safetensors" } }, [window.model]));
  const summary = await until("inspected");
  assert.equal(summary.misfit, null);
  await ask({ "use-inspected": { run: 2, spec: spec() } });
  await until("begun");
  await ask({ look: "confusion" });
  assert.deepEqual((await until("confusion")).evaluation, evaluation);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("training begins before the download has ended, and a second visit fetches nothing", async () => {
  data.pause = 40;
  const { context, page, ask, until } = await worker(data.url);
  await ask({ "open-data": { kind: { cifar: { hundred: false, url: null } } } });
  await ask({ begin: { run: 1, spec: spec({ epochs: 3 }) } });
  await ask({ go: 1 });
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
  assert.equal(info.train, 5 * PICTURES);
  assert.ok(info.cached);
  assert.equal(data.asked.length, asked);
  await context.close();
});

test("a server without the data is answered by what to do", async () => {
  const { context, ask, until } = await worker(site.url);
  await ask({ "open-data": { kind: { cifar: { hundred: false, url: null } } } });
  assert.match((await until("data-failed")).reason, /cargo xtask data cifar10/);
  await ask({ "open-data": { kind: { url: "nothing.zip" } } });
  assert.match((await until("data-failed")).reason, /no such file/);
  await context.close();
});

test("a run goes on by itself after its device is lost, and reaches its end", async () => {
  const { context, ask, until } = await worker(site.url, "gpu");
  await ask(shapes(400, 100));
  await ask({ begin: { run: 1, spec: spec({ epochs: 3 }) } });
  await ask({ go: 1 });
  await until("epoch");
  await ask("lose-device");
  const { step } = await until("recovered");
  assert.ok(step >= 8);
  await until("ended");
  await context.close();
});

test("a worker that has died is taken over from the last checkpoint", async () => {
  const { context, page, ask, until } = await worker(site.url);
  await ask(shapes(400, 100));
  await ask({ begin: { run: 1, spec: spec({ epochs: 3 }) } });
  await ask({ go: 1 });
  await until("checkpointed");
  await ask("crash");
  await until("crashed");
  await page.evaluate(() => window.again());
  await until("ready");
  const found = await until("checkpoint-found");
  assert.ok(found.step >= 8);
  assert.equal(found.data.kind, "shapes");
  await ask({ "use-device": "cpu" });
  await ask(shapes(400, 100));
  await ask({ resume: { run: 2, from: "automatic" } });
  const begun = await until("begun");
  assert.equal(begun.resumed_at.step, found.step);
  await ask({ go: 2 });
  await until("ended");
  await context.close();
});

test("the benchmark runs in the worker", async () => {
  const { page, context } = await open(browser, `${site.url}bench.html?device=cpu`);
  await page.waitForFunction(() => window.__bench.ready);
  const result = await page.evaluate(() => window.__bench.run("W1b4", 1));
  assert.ok(Math.abs(result.loss - 2.24966) < 1e-4, `${result.loss}`);
  await context.close();
});
