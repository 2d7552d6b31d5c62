// Models exchanged between page and command line have the same metrics in both.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { shapes, spec, worker } from "./engine.mjs";
import { launch, serve } from "./site.mjs";

let site;
let browser;
let folder;

before(async () => {
  site = await serve();
  browser = await launch();
  folder = await mkdtemp(join(tmpdir(), "kindling-"));
});

after(async () => {
  await browser?.close();
  await site?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs the command line; returns its JSON output. */
async function kindling(...options) {
  const { stdout } = await promisify(execFile)(process.env.KINDLING, [...options, "--device", "cpu", "--json"], { cwd: folder });
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

const limits = ["--data", "shapes", "--train-limit", "600", "--test-limit", "200"];

/** Compares metrics of two programs, which may round differently. */
function same(page, cli) {
  assert.deepEqual(page.confusion, cli.confusion);
  assert.equal(page.accuracy, cli.test_accuracy);
  assert.ok(Math.abs(page.loss - cli.test_loss) < 1e-4 * Math.max(1, cli.test_loss), `loss ${page.loss} and ${cli.test_loss}`);
}

test("a model saved by the page has the same metrics in the command line", { timeout: 120_000 }, async () => {
  const { page, context, ask, until, complaints } = await worker(browser, site.url);
  await ask(shapes(600, 200));
  await ask({ begin: { run: 1, spec: spec({ preset: "cifar-intro", epochs: 4 }) } });
  await ask({ train: 1 });
  await until("ended");
  await ask({ inspect: "confusion" });
  const { evaluation } = (await until("inspected")).answer.confusion;
  await ask({ save: "model" });
  await until("file");
  const bytes = await page.evaluate(() => Array.from(new Uint8Array(window.bulk[0])));
  const path = join(folder, "page.safetensors");
  await writeFile(path, Uint8Array.from(bytes));
  same(evaluation, await kindling("eval", "--model", path, ...limits));
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a model trained by the command line has the same metrics in the page", { timeout: 120_000 }, async () => {
  const path = join(folder, "cli.safetensors");
  await kindling("train", "--preset", "mlp", "--optimizer", "adam", "--lr", "0.001", "--epochs", "2", "--out", path, ...limits);
  const expected = await kindling("eval", "--model", path, ...limits);
  const { page, context, ask, until, complaints } = await worker(browser, site.url);
  await ask(shapes(600, 200));
  await until("data-ready");
  await page.evaluate((bytes) => {
    window.ask({ "open-file": { name: "cli.safetensors" } }, [Uint8Array.from(bytes)]);
  }, Array.from(await readFile(path)));
  assert.equal((await until("file-opened")).mismatch, null);
  await ask({ "use-file": { run: 1, spec: spec() } });
  await until("begun");
  await ask({ inspect: "confusion" });
  same((await until("inspected")).answer.confusion.evaluation, expected);
  assert.deepEqual(complaints, []);
  await context.close();
});
