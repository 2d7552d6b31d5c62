// Training in the page: the loss falls, and the run is paused, stepped, changed, saved and reopened, while the page stays
// responsive.

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

/** Returns the last value of a curve, from its accessible name. */
async function lastValue(chart, line) {
  const found = (await series(chart)).match(new RegExp(`${line} ([\\d.]+)`));
  return found ? Number(found[1]) : undefined;
}

/**
 * Returns the greatest CPU time of a task of the page's main thread, in milliseconds. CPU time, unlike the time of a
 * clock, does not grow when other programs use the processor.
 */
function longestTask(trace) {
  const { traceEvents } = JSON.parse(trace.toString());
  const isMain = ({ ph, name, args }) => ph === "M" && name === "thread_name" && args.name === "CrRendererMain";
  const threads = new Set(traceEvents.filter(isMain).map(({ pid, tid }) => `${pid} ${tid}`));
  const tasks = traceEvents.filter(({ pid, tid, tdur }) => tdur !== undefined && threads.has(`${pid} ${tid}`));
  return Math.max(0, ...tasks.map(({ tdur }) => tdur / 1000));
}

const long = 240_000;

test("a step is inspected", { timeout: long }, async () => {
  await press("Step");
  const table = page.getByRole("region", { name: "Norms of the layers" });
  await table.getByText("conv1").waitFor({ timeout: 60_000 });
  assert.ok((await table.getByRole("row").count()) >= 5);
  assert.ok((await page.getByRole("list", { name: "Images of the batch" }).getByRole("listitem").count()) > 8);
});

test("it learns Shapes while the page stays responsive", { timeout: long }, async () => {
  const first = await lastValue("Loss", "train");
  await browser.startTracing(page, { categories: ["toplevel"] });
  await press("Continue");
  await page.waitForFunction(() => /validation [\d.]+/.test(document.querySelectorAll(".chart-canvas")[1].ariaLabel), null, {
    timeout: 120_000,
  });
  await page.waitForFunction(
    () => Number(/validation ([\d.]+)/.exec(document.querySelectorAll(".chart-canvas")[1].ariaLabel)?.[1]) > 60,
    null,
    { timeout: 200_000 },
  );
  const longest = longestTask(await browser.stopTracing());
  assert.ok(longest > 0 && longest < 50, `a task took the main thread ${longest} ms`);
  assert.ok((await lastValue("Loss", "train")) < first, "the loss has not fallen");
});

test("it is paused, and its learning rate is changed", { timeout: long }, async () => {
  await press("Pause");
  await training().getByText("paused").waitFor();
  const at = await bar().getAttribute("aria-valuetext");
  await training().getByLabel("lr", { exact: true }).fill("0.002");
  await page.waitForFunction(() => [...document.querySelectorAll(".training .pace dd")].some((dd) => dd.textContent === "0.002"));
  assert.equal(await bar().getAttribute("aria-valuetext"), at);
  await training().getByLabel("Seed").fill("7");
  await training().getByText("Takes effect in a new run").waitFor();
  await training().getByLabel("Seed").fill("0");
  await training().getByText("Takes effect in a new run").waitFor({ state: "detached" });
});

test("it is inspected", { timeout: long }, async () => {
  const inside = page.getByRole("region", { name: "Inspect" });
  for (const [tab, found] of [
    ["Predictions", ".prediction"],
    ["Confusion matrix", ".cell.diagonal"],
    ["Filters", ".filter"],
    ["Activations", ".activation"],
    ["Histograms", ".histogram"],
    ["Graph", ".graph-node"],
    ["Profile", ".profile tbody tr"],
  ]) {
    await inside.getByRole("tab", { name: tab, exact: true }).click();
    await inside.locator(found).first().waitFor({ timeout: 60_000 });
    await inside.getByText(/as of step [\d,]+$/).waitFor();
  }
  await inside.getByRole("tab", { name: "Confusion matrix" }).click();
  await inside.locator(".cell:enabled").first().click();
  await inside.locator(".prediction").first().waitFor();
  await inside.getByText(/predicted/).first().waitFor();
});

test("a reset is undone", { timeout: long }, async () => {
  const at = await bar().getAttribute("aria-valuetext");
  await press("Reset");
  const undo = training().getByRole("button", { name: "Undo reset" });
  await undo.waitFor();
  assert.notEqual(await bar().getAttribute("aria-valuetext"), at);
  await undo.click();
  await undo.waitFor({ state: "detached" });
  await training().getByText("paused").waitFor();
  assert.equal(await bar().getAttribute("aria-valuetext"), at);
});

test("a saved model has the same accuracy after a reload", { timeout: long }, async () => {
  const inside = page.getByRole("region", { name: "Inspect" });
  const tested = async () => {
    await inside.getByRole("tab", { name: "Confusion matrix" }).click();
    const text = inside.getByText(/test samples correct/);
    await text.waitFor({ timeout: 60_000 });
    return (await text.innerText()).match(/([\d.]+)\s%/)[1];
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

test("a file that is not a model is refused, and the run stays", { timeout: long }, async () => {
  await page.getByLabel("Open a model or checkpoint").setInputFiles({
    name: "notes.safetensors",
    mimeType: "application/octet-stream",
    buffer: Buffer.from("not a model"),
  });
  await page.locator(".notice.bad").first().waitFor();
  await page.getByRole("region", { name: "Inspect" }).getByText(/test samples correct/).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});
