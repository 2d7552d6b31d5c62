// The device is named as it is on every browser, and colors follow the system.

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

test("a software adapter is named and explained", async () => {
  const { page, context, complaints } = await open(browser, `${site.url}?tab=device`);
  const card = page.getByRole("region", { name: "This browser offers" });
  await card.getByText("SwiftShader").waitFor();
  const text = await card.innerText();
  assert.match(text, /Software · WebGPU/);
  assert.match(text, /many times slower than on a GPU/);
  assert.match(text, /Largest buffer\s+\d/);
  // With a software adapter only, the CPU is faster; the bar names the device in use.
  assert.match(await page.getByRole("banner").innerText(), /CPU|SwiftShader/);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a browser without WebGPU trains on the CPU and gives the reason", async () => {
  const plain = await launch(["--headless=new", "--no-sandbox", "--disable-features=WebGPU", "--disable-gpu"]);
  const { page, complaints } = await open(plain, `${site.url}?tab=device`);
  const card = page.getByRole("region", { name: "This browser offers" });
  await card.getByText("No WebGPU").waitFor();
  assert.match(await card.innerText(), /CPU/);
  assert.match(await card.innerText(), /hardware acceleration|has no WebGPU|could not be opened/);
  assert.match(await page.getByRole("banner").innerText(), /CPU/);
  assert.deepEqual(complaints.filter((line) => !line.startsWith("warning")), []);
  await plain.close();
});

test("colors follow the system until the user chooses, and the choice is stored", async () => {
  const { page, context, complaints } = await open(browser, site.url, { colorScheme: "dark" });
  const surface = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.getByRole("button", { name: "Light colors" }).waitFor();
  const dark = await surface();
  await page.getByRole("button", { name: "Light colors" }).click();
  const light = await surface();
  assert.notEqual(light, dark);
  await page.reload();
  await page.getByRole("button", { name: "Dark colors" }).waitFor();
  assert.equal(await surface(), light);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("the device is measured, and the table can be copied", { timeout: 120_000 }, async () => {
  const { page, context, complaints } = await open(browser, `${site.url}?tab=device`);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Measure" }).click();
  await page.getByRole("button", { name: "Copy the table" }).click({ timeout: 100_000 });
  await page.getByText("The table is on the clipboard").waitFor();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(text, /^Kindling on .+ \(.*Chrome.*\)\n\n\| operation \| measured \| unit \|/);
  assert.match(text, /\| [\d,.]+ \| GFLOP\/s \|/);
  assert.deepEqual(complaints, []);
  await context.close();
});
