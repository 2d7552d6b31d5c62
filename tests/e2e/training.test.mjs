// The page trains: the loss falls, the network learns, it can be paused, stepped, changed, saved and opened again, and
// the page never stands still.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, serve } from "./site.mjs";

let site;
let browser;
let page;
let context;
let complaints;
let accuracy;
let file;

before(async () => {
  site = await serve();
  browser = await launch();
  ({ page, context, complaints } = await open(browser, site.url));
  await page.evaluate(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.longTasks.push(entry.duration);
    }).observe({ type: "longtask" });
  });
  await page.getByRole("region", { name: "Data" }).getByText("4,000").waitFor();
});

after(async () => {
  await browser?.close();
  await site?.close();
});

const training = () => page.getByRole("region", { name: "Training", exact: true });
const press = (name) => training().getByRole("button", { name }).click();
const bar = () => training().getByRole("progressbar");
const series = async (chart) => training().getByRole("img", { name: new RegExp(`^${chart}`) }).getAttribute("aria-label");

/** The figure of a line of a chart, as a screen reader hears it. */
async function figure(chart, line) {
  const found = (await series(chart)).match(new RegExp(`${line} ([\\d.]+)`));
  return found ? Number(found[1]) : undefined;
}

const long = 240_000;

test("a step shows what one batch did", { timeout: long }, async () => {
  await press("Step");
  const table = page.getByRole("region", { name: "Norms of the layers" });
  await table.getByText("conv1").waitFor({ timeout: 60_000 });
  assert.ok((await table.getByRole("row").count()) >= 5);
  assert.ok((await page.getByRole("list", { name: "The batch, as it was learned from" }).getByRole("listitem").count()) > 8);
});

test("it learns Shapes while the page stays quick", { timeout: long }, async () => {
  const first = await figure("Loss", "train");
  await page.evaluate(() => (window.longTasks = []));
  await press("Continue");
  await page.waitForFunction(() => /validation [\d.]+/.test(document.querySelectorAll(".chart-canvas")[1].ariaLabel), null, {
    timeout: 120_000,
  });
  await page.waitForFunction(
    () => Number(/validation ([\d.]+)/.exec(document.querySelectorAll(".chart-canvas")[1].ariaLabel)?.[1]) > 60,
    null,
    { timeout: 200_000 },
  );
  const slow = await page.evaluate(() => window.longTasks);
  assert.ok(Math.max(0, ...slow) < 50, `the page stood still for ${Math.max(...slow)} ms`);
  assert.ok((await figure("Loss", "train")) < first, "the loss has not fallen");
});

test("it is paused, and its learning rate changes while it goes on", { timeout: long }, async () => {
  await press("Pause");
  await training().getByText("paused").waitFor();
  const at = await bar().getAttribute("aria-valuetext");
  await training().getByLabel("lr", { exact: true }).fill("0.002");
  await page.waitForFunction(() => [...document.querySelectorAll(".training .pace dd")].some((dd) => dd.textContent === "0.002"));
  assert.equal(await bar().getAttribute("aria-valuetext"), at);
  await training().getByLabel("Seed").fill("7");
  await training().getByText("It takes a new run").waitFor();
  await training().getByLabel("Seed").fill("0");
  await training().getByText("It takes a new run").waitFor({ state: "detached" });
});

test("it is looked into", { timeout: long }, async () => {
  const inside = page.getByRole("region", { name: "Look inside" });
  for (const [tab, found] of [
    ["Predictions", ".prediction"],
    ["Confusion", ".cell.diagonal"],
    ["Filters", ".filter"],
    ["Activations", ".activation"],
    ["Weights and gradients", ".histogram"],
    ["Graph", ".graph-node"],
    ["Time", ".profile tbody tr"],
  ]) {
    await inside.getByRole("tab", { name: tab, exact: true }).click();
    await inside.locator(found).first().waitFor({ timeout: 60_000 });
  }
  await inside.getByRole("tab", { name: "Confusion" }).click();
  await inside.locator(".cell:enabled").first().click();
  await inside.locator(".prediction").first().waitFor();
  await inside.getByText(/taken for/).first().waitFor();
});

test("the model is saved, and opened after a reload it is as good", { timeout: long }, async () => {
  const inside = page.getByRole("region", { name: "Look inside" });
  const tested = async () => {
    await inside.getByRole("tab", { name: "Confusion" }).click();
    const words = inside.getByText(/test samples right/);
    await words.waitFor({ timeout: 60_000 });
    return (await words.innerText()).match(/([\d.]+)\s%/)[1];
  };
  accuracy = await tested();
  await page.getByRole("button", { name: "File" }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: "Save model" }).click(),
  ]);
  assert.match(download.suggestedFilename(), /\.safetensors$/);
  file = await download.path();
  await page.reload();
  await page.getByRole("region", { name: "Data" }).getByText("4,000").waitFor();
  await page.getByLabel("Open a model or checkpoint").setInputFiles({
    name: "mine.safetensors",
    mimeType: "application/octet-stream",
    buffer: await (await import("node:fs/promises")).readFile(file),
  });
  const dialog = page.getByRole("dialog");
  await dialog.getByText("62,006").waitFor();
  await dialog.getByRole("button", { name: "Use it" }).click();
  assert.equal(await tested(), accuracy);
});

test("a file that is no model says so, and the run stays", { timeout: long }, async () => {
  await page.getByLabel("Open a model or checkpoint").setInputFiles({
    name: "notes.safetensors",
    mimeType: "application/octet-stream",
    buffer: Buffer.from("not a model"),
  });
  await page.locator(".notice.bad").first().waitFor();
  await page.getByRole("region", { name: "Look inside" }).getByText(/test samples right/).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});
