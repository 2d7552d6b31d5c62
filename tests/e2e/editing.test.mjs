// Editing: numbers take effect when typing is done, runs are continued and not replaced, links become drafts, tabs share
// their runs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, serve } from "./site.mjs";

const LONG = { timeout: 240_000 };

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

const training = (page) => page.getByRole("region", { name: "Training", exact: true });
const press = (page, name) => training(page).getByRole("button", { name, exact: true }).click();
const rate = (page) => page.locator(".training .pace dd").nth(2).innerText();

/** Opens a page and waits for its data. */
async function ready(options, address = site.url) {
  const opened = await open(browser, address, options);
  await opened.page.getByRole("region", { name: "Data" }).getByText("4,000").waitFor();
  return opened;
}

async function choosePreset(page, name) {
  await page.getByRole("region", { name: "Model" }).getByLabel("Preset").selectOption(name);
}

test("a number takes effect when typing is done, not at every key", LONG, async () => {
  const { page, context, complaints } = await ready();
  await choosePreset(page, "softmax");
  await training(page).getByLabel("Epochs").fill("1000");
  await press(page, "Train");
  await page.waitForFunction(() => document.querySelectorAll(".training .pace dd")[2].textContent === "0.001");
  const field = training(page).getByLabel("lr", { exact: true });
  await field.press("ControlOrMeta+a");
  const rates = new Set();
  for (const key of "1e-4") {
    await page.keyboard.type(key);
    await page.waitForTimeout(150);
    rates.add(await rate(page));
  }
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelectorAll(".training .pace dd")[2].textContent === "0.0001");
  rates.delete("0.0001");
  assert.deepEqual([...rates], ["0.001"], "no intermediate rate was used");
  await training(page).getByLabel("Epochs").fill("-3");
  await training(page).getByText("At least 1.").waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a finished run continues with more epochs, and restarts only on request", LONG, async () => {
  const { page, context } = await ready();
  await choosePreset(page, "softmax");
  await training(page).getByLabel("Epochs").fill("2");
  await press(page, "Train");
  await training(page).getByText("finished").waitFor({ timeout: 120_000 });
  await training(page).getByRole("button", { name: "Train again" }).waitFor();
  await training(page).getByLabel("Epochs").fill("3");
  await press(page, "Continue");
  await training(page).getByText("epoch 3/3").waitFor();
  await training(page).getByText("finished").waitFor({ timeout: 120_000 });
  await page.getByRole("link", { name: "Runs" }).click();
  assert.equal(await page.locator("table.runs tbody tr").count(), 1, "it is one run");
  await context.close();
});

test("a shared link is adopted once, then the draft has the edits", LONG, async () => {
  const { page, context } = await ready();
  await training(page).getByLabel("Seed").fill("41");
  await page.waitForFunction(() => localStorage.getItem("kindling.draft")?.includes('"seed":41'));
  const draft = await page.evaluate(() => localStorage.getItem("kindling.draft"));
  const hash = Buffer.from(draft).toString("base64url");
  await context.close();

  const shared = await ready({}, `${site.url}#${hash}`);
  const seed = () => training(shared.page).getByLabel("Seed").inputValue();
  assert.equal(await seed(), "41");
  assert.equal(new URL(shared.page.url()).hash, "");
  await training(shared.page).getByLabel("Seed").fill("7");
  await shared.page.waitForFunction(() => localStorage.getItem("kindling.draft")?.includes('"seed":7'));
  await shared.page.reload();
  await shared.page.getByRole("region", { name: "Data" }).getByText("4,000").waitFor();
  assert.equal(await seed(), "7");
  await shared.context.close();
});

test("a layer is added at an index where it fits", LONG, async () => {
  const { page, context } = await ready();
  const model = page.getByRole("region", { name: "Model" });
  for (const kind of ["Conv2d", "Dropout", "MaxPool2d", "BatchNorm2d"]) {
    await model.getByLabel("Add a layer").selectOption(kind);
    assert.equal(await model.locator(".mismatch").count(), 0, `${kind} leaves the model fitting`);
  }
  await page.keyboard.press("ControlOrMeta+z");
  await page.keyboard.press("ControlOrMeta+z");
  await page.keyboard.press("ControlOrMeta+z");
  await page.keyboard.press("ControlOrMeta+z");
  await page.keyboard.press("ControlOrMeta+z");
  await model.getByText("62,006").waitFor();
  assert.equal(await training(page).getByLabel("Epochs").inputValue(), "10", "undo reaches no other field");
  await context.close();
});

test("two tabs share the stored runs", LONG, async () => {
  const { page: first, context } = await ready();
  const second = await context.newPage();
  await second.goto(site.url);
  await second.getByRole("region", { name: "Data" }).getByText("4,000").waitFor();
  for (const [page, preset] of [[first, "softmax"], [second, "mlp"]]) {
    await choosePreset(page, preset);
    await training(page).getByLabel("Epochs").fill("1");
    await press(page, "Train");
  }
  for (const page of [first, second]) await training(page).getByText("finished").waitFor({ timeout: 200_000 });
  for (const page of [first, second]) {
    await page.getByRole("link", { name: "Runs" }).click();
    await page.waitForFunction(() => document.querySelectorAll("table.runs tbody tr").length === 2);
  }
  await first.getByRole("button", { name: /^Delete .*mlp/ }).click();
  await first.getByRole("button", { name: "Undo" }).click();
  assert.equal(await first.locator("table.runs tbody tr").count(), 2, "a deleted run comes back");
  await context.close();
});

test("the charts have the same height for every model", LONG, async () => {
  const { page, context } = await ready();
  const height = () => page.locator(".training .chart-canvas").first().evaluate((canvas) => canvas.clientHeight);
  const before = await height();
  await choosePreset(page, "resnet20");
  assert.equal(await height(), before);
  await context.close();
});

test("a model too large for the device is refused with its size", LONG, async () => {
  const { page, context, complaints } = await ready();
  const model = page.getByRole("region", { name: "Model" });
  await model.getByRole("tab", { name: "Code" }).click();
  await model.getByRole("textbox").fill("Flatten()\nLinear(3072, 65536)\nLinear(65536, 16384)\nLinear(16384, 10)");
  await press(page, "Train");
  await page.getByText(/The model is too large: it needs about [\d.]+\s*GiB/).waitFor();
  await choosePreset(page, "softmax");
  await training(page).getByLabel("Epochs").fill("1");
  await press(page, "Train");
  await training(page).getByText("finished").waitFor({ timeout: 120_000 });
  assert.deepEqual(complaints, []);
  await context.close();
});

test("on a touch screen a tap on the handle shows a layer's actions", LONG, async () => {
  const { page, context } = await ready({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const row = page.locator(".block-list .block").nth(1);
  const remove = row.getByRole("button", { name: "Remove" });
  assert.equal(await remove.isVisible(), false, "the actions are hidden");
  await row.locator(".handle").tap();
  await remove.waitFor();
  const box = await remove.boundingBox();
  assert.ok(box.width >= 44 && box.height >= 44, `the target is ${box.width}×${box.height}`);
  const before = await page.locator(".block-list .block").count();
  await remove.tap();
  assert.equal(await page.locator(".block-list .block").count(), before - 1);
  await context.close();
});

test("training starts and pauses by keyboard, without losing focus", LONG, async () => {
  const { page, context } = await ready();
  await choosePreset(page, "softmax");
  await page.keyboard.press("ControlOrMeta+Enter");
  const button = training(page).getByRole("button", { name: "Pause", exact: true });
  await button.waitFor();
  await button.focus();
  await page.keyboard.press("Enter");
  await training(page).getByRole("button", { name: "Continue", exact: true }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Continue");
  await context.close();
});
