// Accessibility of every tab: no violation of level A or AA by axe-core, no horizontal scrolling on a phone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { launch, open, serve } from "./site.mjs";

const TABS = ["", "?tab=runs", "?tab=learn", "?tab=device"];

let site;
let browser;
let axe;

before(async () => {
  site = await serve();
  browser = await launch();
  axe = await readFile(join(process.env.KINDLING_NODE_MODULES, "axe-core/axe.min.js"), "utf8");
});

after(async () => {
  await browser?.close();
  await site?.close();
});

/** Returns the violations that axe-core finds, one per line. */
async function violations(page) {
  // Evaluated outside of the page's policy, which allows no other script.
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }),
  );
  return found.violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.target}`));
}

for (const colorScheme of ["light", "dark"]) {
  test(`no violation on any tab, ${colorScheme}`, { timeout: 120_000 }, async () => {
    const { page, context } = await open(browser, site.url, { colorScheme });
    for (const tab of TABS) {
      await page.goto(site.url + tab);
      await page.getByRole("heading", { level: 1 }).waitFor({ state: "attached" });
      if (!tab) await page.getByRole("list", { name: "Sample images by class" }).locator("canvas").first().waitFor();
      assert.deepEqual(await violations(page), [], tab);
    }
    await page.goto(site.url);
    await page.getByRole("tab", { name: "Code" }).click();
    assert.deepEqual(await violations(page), [], "code");
    await context.close();
  });
}

test("no tab scrolls horizontally on a phone", { timeout: 120_000 }, async () => {
  const { page, context } = await open(browser, site.url, { viewport: { width: 390, height: 844 } });
  for (const tab of TABS) {
    await page.goto(site.url + tab);
    await page.getByRole("heading", { level: 1 }).waitFor({ state: "attached" });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${tab}: ${overflow} px too wide`);
  }
  await context.close();
});
