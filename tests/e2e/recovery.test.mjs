// Recovery from a lost device, a dead worker, a closed tab.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, serve } from "./site.mjs";

let site;
let browser;

before(async () => {
  site = await serve();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await site?.close();
});

const long = { timeout: 240_000 };

/** Opens a page that trains a small run, with access to its workers. */
async function startTraining(device) {
  const opened = await open(browser, "about:blank");
  const { page } = opened;
  await page.addInitScript(() => {
    window.workers = [];
    window.Worker = class extends Worker {
      constructor(...options) {
        super(...options);
        window.workers.push(this);
      }
    };
  });
  await page.goto(site.url);
  const data = page.getByRole("region", { name: "Data" });
  await data.getByLabel("Train on").fill("320");
  await data.getByLabel("Test on").fill("200");
  await data.locator(".counts").getByText("320").waitFor();
  const training = page.getByRole("region", { name: "Training", exact: true });
  await training.getByText("Schedule, loss, device").click();
  await training.getByRole("combobox", { name: "Device" }).selectOption(device);
  await training.getByLabel("Epochs").fill("6");
  await training.getByRole("button", { name: "Train" }).click();
  const epoch = (n) => page.waitForFunction((n) => {
    const text = document.querySelector(".training [role=progressbar]")?.ariaValueText ?? "";
    return Number(/epoch (\d+)/.exec(text)?.[1]) >= n;
  }, n, { timeout: 120_000 });
  await epoch(2);
  return { ...opened, training, epoch };
}

test("a GPU device destroyed during training: the run finishes, and the measured kernels are shown", long, async (t) => {
  const { page, context, training } = await startTraining("gpu");
  await page.evaluate(() => window.workers.at(-1).postMessage({ text: '"lose-device"', bulk: [] }));
  await page.locator(".notice").getByText(/resumes from step/).waitFor({ timeout: 60_000 });
  await training.getByText("finished").waitFor({ timeout: 120_000 });
  assert.equal(await page.evaluate(() => window.workers.length), 1);
  // The measured kernels are shown, if the machine was fast enough to measure any in the time for it.
  await page.getByRole("navigation").getByRole("link", { name: "Device" }).click();
  const kernels = page.getByRole("region", { name: "Kernels" });
  const measured = kernels.getByRole("row", { name: /conv2d f32 \d+×\d+×\d+ N[NT].*Register\d+x\d+/ }).first();
  const inTime = await measured.waitFor({ timeout: 10_000 }).then(() => true, () => false);
  if (!inTime) t.diagnostic("no convolution was measured in time: its row is not checked");
  await page.setViewportSize({ width: 390, height: 844 });
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
  // Another device has none.
  await page.getByRole("combobox", { name: "Device" }).selectOption("cpu");
  await kernels.waitFor({ state: "detached" });
  await context.close();
});

test("a worker terminated during training: another finishes the run", long, async () => {
  const { page, context, training } = await startTraining("cpu");
  await page.evaluate(() => window.workers.at(-1).terminate());
  await page.locator(".notice").getByText(/has been started again/).waitFor({ timeout: 60_000 });
  await training.getByText("finished").waitFor({ timeout: 120_000 });
  assert.equal(await page.evaluate(() => window.workers.length), 2);
  await context.close();
});

test("a tab closed during training: the next one offers to resume", long, async () => {
  const { page, context } = await startTraining("cpu");
  await page.close();
  const second = await context.newPage();
  await second.goto(site.url);
  await second.getByRole("button", { name: "Resume" }).click();
  const training = second.getByRole("region", { name: "Training", exact: true });
  await training.getByText("finished").waitFor({ timeout: 120_000 });
  await context.close();
});

/** Waits until the browser's storage has the checkpoints of this many tabs. */
async function storedCheckpoints(page, count) {
  const stored = () =>
    page.evaluate(async () => {
      const opening = indexedDB.open("kindling", 1);
      await new Promise((done) => (opening.onsuccess = done));
      const request = opening.result.transaction("values").objectStore("values").getAllKeys();
      await new Promise((done) => (request.onsuccess = done));
      opening.result.close();
      return request.result.filter((name) => /^checkpoint.*\.safetensors$/.test(name)).length;
    });
  while ((await stored()) !== count) await page.waitForTimeout(50);
}

test("each tab has a checkpoint: an open tab's is not offered, those of closed ones are", long, async () => {
  const { page, context } = await startTraining("cpu");
  const second = await context.newPage();
  await second.goto(site.url);
  const training = second.getByRole("region", { name: "Training", exact: true });
  await second.locator(".counts").getByText("320").waitFor();
  assert.equal(await second.getByRole("button", { name: "Resume" }).count(), 0);
  await training.getByRole("button", { name: "Step" }).click();
  await storedCheckpoints(second, 2);
  await page.close();
  await second.close();

  const third = await context.newPage();
  await third.goto(site.url);
  const offers = third.locator(".notice").filter({ hasText: "can be resumed" });
  await offers.nth(1).waitFor();
  await offers.filter({ hasText: "step 1," }).getByRole("button", { name: "Discard" }).click();
  await storedCheckpoints(third, 1);
  await third.reload();
  await offers.first().waitFor();
  assert.equal(await offers.count(), 1);
  await context.close();
});

test("a network that has diverged can be inspected, and another one trains after it", long, async () => {
  const { page, context, complaints } = await open(browser, site.url);
  await page.getByRole("region", { name: "Data" }).getByText("4,000").waitFor();
  const training = page.getByRole("region", { name: "Training", exact: true });
  await training.getByLabel("Optimizer").selectOption("SGD");
  await training.getByLabel("lr", { exact: true }).fill("1000000");
  await training.getByLabel("Epochs").fill("1");
  await training.getByRole("button", { name: "Train", exact: true }).click();
  await page.locator(".notice").getByText(/NaN|nan|not finite/).first().waitFor();
  const inside = page.getByRole("region", { name: "Inspect" });
  for (const [tab, found] of [
    ["Predictions", ".prediction"],
    ["Activations", ".activation"],
    ["Histograms", ".histogram"],
  ]) {
    await inside.getByRole("tab", { name: tab, exact: true }).click();
    await inside.locator(found).first().waitFor();
  }
  assert.equal(await page.getByText("The engine stopped").count(), 0);
  await page.getByRole("region", { name: "Model" }).getByLabel("Preset").selectOption("softmax");
  await training.getByLabel("lr", { exact: true }).fill("0.01");
  await training.getByRole("button", { name: "Start a new run" }).click();
  await training.getByText("finished").waitFor({ timeout: 120_000 });
  assert.deepEqual(complaints, []);
  await context.close();
});
