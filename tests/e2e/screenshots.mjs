// Takes pictures of the first screen for a person to look at: `cargo xtask screenshots`, into target/screenshots/.

import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { launch, open, serve } from "./site.mjs";

const folder = fileURLToPath(new URL("../../target/screenshots/", import.meta.url));
await mkdir(folder, { recursive: true });
const site = await serve();
const browser = await launch();
for (const [width, height] of [[1440, 900], [390, 844], [2560, 1440]]) {
  for (const colorScheme of ["light", "dark"]) {
    const { page, context } = await open(browser, site.url, { viewport: { width, height }, colorScheme });
    await page.getByText("Largest buffer").waitFor();
    await page.screenshot({ path: `${folder}first-${width}-${colorScheme}.png` });
    await context.close();
  }
}
await browser.close();
await site.close();
console.log(folder);
