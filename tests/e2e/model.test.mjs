// Editing of the model in blocks and as text, kept in sync; mismatches are reported and fixed; nothing is lost.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, serve } from "./site.mjs";

let site;
let browser;
let page;
let context;
let complaints;

before(async () => {
  site = await serve();
  browser = await launch();
  ({ page, context, complaints } = await open(browser, site.url));
  await page.getByText("62,006").first().waitFor();
});

after(async () => {
  await browser?.close();
  await site?.close();
});

const model = () => page.getByRole("region", { name: "Model" });
const handles = () => model().getByRole("list", { name: "Layers" }).locator(".handle");
const code = () => model().getByRole("textbox", { name: "Layers, one per line, as in PyTorch" });

test("a number changed in a block changes shapes, parameters and the text", async () => {
  const first = model().locator(".block-list .block").first();
  await first.locator("input").nth(1).fill("12");
  const status = model().getByRole("status");
  await status.getByText("expects 6").waitFor();
  await status.getByRole("button", { name: /^Set in_channels to 12/ }).click();
  await page.getByText("64,862").waitFor();
  await model().getByRole("tab", { name: "Code" }).click();
  assert.match(await code().inputValue(), /conv1: Conv2d\(3, 12, 5\)/);
  assert.match(await code().inputValue(), /conv2: Conv2d\(12, 16, 5\)/);
});

test("the text changes the blocks, and an error is shown on its line", async () => {
  const text = await code().inputValue();
  await code().fill(text.replace("Linear(120, 84)", "Linear(120, 84"));
  await model().locator(".note.wrong").waitFor();
  assert.match(await model().getByRole("status").innerText(), /line 10/);
  await code().fill(text.replace("MaxPool2d(2)", "AvgPool2d(2)"));
  await model().getByRole("tab", { name: "Blocks" }).click();
  await model().getByRole("button", { name: /^AvgPool2d: output 12×14×14/ }).waitFor();
});

test("layers are moved, copied, removed and restored by keys", async () => {
  const before = await handles().count();
  await handles().nth(1).focus();
  await page.keyboard.press("Control+d");
  await page.waitForFunction((n) => document.querySelectorAll(".block-list .block").length === n, before + 1);
  await page.keyboard.press("Delete");
  await page.waitForFunction((n) => document.querySelectorAll(".block-list .block").length === n, before);
  await handles().nth(0).focus();
  await page.keyboard.press("Alt+ArrowDown");
  await page.waitForFunction(() => document.querySelector(".block-list .block-kind").textContent === "ReLU");
  await page.keyboard.press("Control+z");
  await page.waitForFunction(() => document.querySelector(".block-list .block-kind").textContent === "Conv2d");
});

test("a reload keeps the model, and a link encodes it", async () => {
  await page.reload();
  await model().getByRole("button", { name: /^AvgPool2d: output 12×14×14/ }).waitFor();
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Share" }).click();
  await page.getByText("on the clipboard").waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const other = await open(browser, link);
  await other.page.getByRole("button", { name: /^AvgPool2d: output 12×14×14/ }).waitFor();
  assert.deepEqual(other.complaints, []);
  await other.context.close();
  assert.deepEqual(complaints, []);
});

test("tabs have addresses, and back returns to the previous tab", async () => {
  await page.getByRole("link", { name: "Runs" }).click();
  await page.getByRole("heading", { name: "Runs" }).waitFor();
  assert.match(page.url(), /\?tab=runs$/);
  await page.goBack();
  await page.getByRole("heading", { name: "Model" }).waitFor();
});
