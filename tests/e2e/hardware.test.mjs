// What is computed on is named honestly, whatever the browser offers, and colours follow the system.

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

test("a software adapter is called one, and what it means is said", async () => {
  const { page, context, complaints } = await open(browser, `${site.url}?tab=device`);
  const card = page.getByRole("region", { name: "This browser offers" });
  await card.getByText("SwiftShader").waitFor();
  const text = await card.innerText();
  assert.match(text, /Software · WebGPU/);
  assert.match(text, /many times slower than on a GPU/);
  assert.match(text, /Largest buffer\s+\d/);
  // Where the only adapter is software the CPU is faster, and the bar says what is used.
  assert.match(await page.getByRole("banner").innerText(), /CPU|SwiftShader/);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a browser without WebGPU trains on the CPU and says why", async () => {
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

test("the colours follow the system until a person chooses, and the choice stays", async () => {
  const { page, context, complaints } = await open(browser, site.url, { colorScheme: "dark" });
  const surface = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.getByRole("button", { name: "Light colours" }).waitFor();
  const dark = await surface();
  await page.getByRole("button", { name: "Light colours" }).click();
  const light = await surface();
  assert.notEqual(light, dark);
  await page.reload();
  await page.getByRole("button", { name: "Dark colours" }).waitFor();
  assert.equal(await surface(), light);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("what the device reaches is measured, and can be pasted as a table", { timeout: 120_000 }, async () => {
  const { page, context, complaints } = await open(browser, `${site.url}?tab=device`);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Measure" }).click();
  await page.getByRole("button", { name: "Copy the table" }).click({ timeout: 100_000 });
  await page.getByText("The table is on the clipboard").waitFor();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(text, /^Kindling on .+ \(.*Chrome.*\)\n\n\| what \| measured \| unit \|/);
  assert.match(text, /\| [\d,.]+ \| GFLOP\/s \|/);
  assert.deepEqual(complaints, []);
  await context.close();
});
