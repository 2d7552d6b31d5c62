// Once loaded, the page and its engine work offline; it is isolated even if its host sends no headers.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, serve } from "./site.mjs";

let site;
let browser;

before(async () => {
  site = await serve({ headers: {} });
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

/** Waits until `condition` holds in the page, which may be reloading. */
async function until(page, condition, what) {
  for (let i = 0; i < 300; i++) {
    if (await page.evaluate(condition).catch(() => false)) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail(`not within 30 s: ${what}`);
}

test("the first visit is isolated by one reload, then works offline", { timeout: 90_000 }, async () => {
  const { page, context } = await open(browser, site.url);
  let loads = 0;
  page.on("load", () => loads++);
  await until(page, () => crossOriginIsolated, "the page is isolated although its host sends no headers");
  await page.getByRole("button", { name: "Train", exact: true }).waitFor();
  assert.ok(loads <= 1, `reloaded ${loads} times`);
  // The page is stored after all of its files.
  await until(page, async () => (await caches.match("./")) !== undefined, "the page is stored");
  await site.close();
  await page.goto(`${site.url}?tab=device`);
  await page.getByRole("region", { name: "This browser offers" }).getByText("SwiftShader").waitFor();
  assert.equal(await page.evaluate(() => crossOriginIsolated), true, "workers may share memory");
  await context.close();
});
