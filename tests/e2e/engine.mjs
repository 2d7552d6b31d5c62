// The worker without the playground: a page that exchanges messages with it.

import { open } from "./site.mjs";

/** Opens a page with a worker: `ask(message)`, and `until(name)`, which returns the next message of that name. */
export async function worker(browser, url, device = "cpu", context = undefined) {
  const opened = context ? { page: await context.newPage(), context } : await open(browser, `${url}bench.html`);
  if (context) await opened.page.goto(`${url}bench.html`);
  const { page } = opened;
  await page.evaluate(async () => {
    const messages = [];
    let wake = () => {};
    const { startWorker } = await import(new URL("program.js", document.baseURI));
    const start = async () => {
      const engine = await startWorker(`test-${Math.random()}`);
      engine.onmessage = ({ data: { text, bulk } }) => {
        const message = JSON.parse(text);
        const name = typeof message === "string" ? message : Object.keys(message)[0];
        messages.push({ name, body: message[name], bulk });
        wake();
      };
      return engine;
    };
    let engine = await start();
    const until = async (name) => {
      for (;;) {
        const at = messages.findIndex((one) => one.name === name || one.name === "failed");
        if (at >= 0) {
          const [one] = messages.slice(at);
          messages.splice(0, at + 1);
          if (one.name === "failed" && name !== "failed") throw new Error(one.body.reason);
          window.bulk = one.bulk;
          return one.body;
        }
        await new Promise((done, give) => {
          const timer = setTimeout(() => give(new Error(`two minutes without a message, waiting for ${name}`)), 120_000);
          wake = () => { clearTimeout(timer); done(); };
        });
      }
    };
    window.ask = (message, bulk = []) => engine.postMessage({ text: JSON.stringify(message), bulk });
    window.until = until;
    window.again = async () => { engine.terminate(); messages.length = 0; engine = await start(); };
    await until("ready");
  });
  const ask = (message) => page.evaluate((message) => window.ask(message), message);
  const until = (name) => page.evaluate((name) => window.until(name), name);
  await ask({ "use-device": device });
  return { ...opened, ask, until };
}

/** Returns settings of a run that trains in seconds. */
export const spec = (changes) => ({
  preset: "mlp",
  optimizer: { name: "Adam", lr: 0.001 },
  batch_size: 50,
  epochs: 2,
  evaluate_every: 1,
  ...changes,
});

/** Returns the request for this number of Shapes. */
export const shapes = (train, test) => ({ "open-data": { kind: "shapes", train, test } });

