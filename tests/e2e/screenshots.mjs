// Takes screenshots of the page for review: `cargo xtask screenshots`, into target/screenshots/.

import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { launch, open, serve } from "./site.mjs";

const folder = process.env.SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots/", import.meta.url));
await mkdir(folder, { recursive: true });
const site = await serve();
const browser = await launch();
for (const [width, height] of [[1440, 900], [390, 844], [2560, 1440]]) {
  for (const colorScheme of ["light", "dark"]) {
    const { page, context, complaints } = await open(browser, site.url, { viewport: { width, height }, colorScheme });
    const shoot = (name, fullPage = false) =>
      page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png`, fullPage });
    await page.getByRole("list", { name: "Sample images by class" }).locator("canvas").first().waitFor();
    await shoot("first");
    const button = (name) => page.getByRole("button", { name }).filter({ visible: true });
    await button("Train").first().click();
    await page.waitForFunction(() => /validation/.test(document.querySelectorAll(".chart-canvas")[1].ariaLabel), null, { timeout: 120_000 });
    await button("Pause").first().click();
    await page.locator(".prediction").first().waitFor();
    await shoot("trained", true);
    for (const tab of width === 1440 ? ["Confusion matrix", "Filters", "Activations", "Histograms", "Graph", "Profile"] : []) {
      await page.getByRole("tab", { name: tab, exact: true }).click();
      await page.waitForTimeout(1500);
      await page.getByRole("region", { name: "Inspect" }).screenshot({ path: `${folder}/inside-${tab.split(" ")[0].toLowerCase()}-${colorScheme}.png` });
    }
    await page.getByRole("tab", { name: "Code" }).click();
    await page.getByRole("region", { name: "Model" }).screenshot({ path: `${folder}/code-${width}-${colorScheme}.png` });
    for (const tab of ["Runs", "Learn", "Device"]) {
      await page.getByRole("link", { name: tab }).click();
      await page.getByRole("heading", { name: tab, exact: true }).waitFor();
      await page.waitForTimeout(300);
      await shoot(tab.toLowerCase());
    }
    if (complaints.length) console.log(width, colorScheme, complaints);
    await context.close();
  }
}
await browser.close();
await site.close();
console.log(folder);
