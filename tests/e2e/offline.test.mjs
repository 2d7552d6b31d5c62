// Once loaded the page works without a network, with its engine, and is isolated whatever its host says.

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

test("it works offline once loaded", { timeout: 60_000 }, async () => {
  const { page, context } = await open(browser, site.url);
  assert.equal(await page.evaluate(() => crossOriginIsolated), false, "this host sends no headers");
  await page.evaluate(() => navigator.serviceWorker.ready);
  // The page is kept after all that it is made of.
  // Asked again and again: `waitForFunction` takes a promise for a yes.
  const kept = () => page.evaluate(async () => (await caches.match("./")) !== undefined);
  for (let i = 0; i < 200 && !(await kept()); i++) await new Promise((done) => setTimeout(done, 100));
  assert.ok(await kept(), "the page is kept");
  await site.close();
  await page.goto(`${site.url}?tab=device`);
  await page.getByRole("region", { name: "This browser offers" }).getByText("SwiftShader").waitFor();
  assert.equal(await page.evaluate(() => crossOriginIsolated), true, "workers may share memory");
  await context.close();
});
