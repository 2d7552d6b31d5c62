// The pixels that the page trains on are those of an exported script: images of all formats and modes, decoded by the
// browser, beside tests/data/preprocess/pixels.json, which Pillow made.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { png, zip } from "./archives.mjs";
import { launch, open, serve } from "./site.mjs";

const FOLDER = fileURLToPath(new URL("../data/preprocess", import.meta.url));
/** The page shows samples of at most 20 classes. */
const IMAGES_PER_ZIP = 15;
/** Formats of the command line that no browser decodes; the page skips and names such files. */
const NOT_DECODED = /\.(tif|ppm)$/;
/** A canvas multiplies colors by their opacity and divides them again, which may change them by 1 of 255. */
const TOLERANCE = 1;

let site;
let browser;
let page;
let context;

before(async () => {
  site = await serve();
  browser = await launch();
  ({ page, context } = await open(browser, site.url));
  await data().getByText("4,000").waitFor();
  await data().getByText("Your own data").click();
});

after(async () => {
  await context?.close();
  await browser?.close();
  await site?.close();
});

const data = () => page.getByRole("region", { name: "Data" });

/** Opens images of 8×8, each in a class of its own, and returns their pixels by name, channels first. */
async function pixels(images, zipName) {
  // Most images are of 8×8, so that all get this size.
  const fill = Array.from({ length: images.length + 5 }, (_, i) => [`train/zz/${i}.png`, png(8, [i, i, i])]);
  const files = images.map(([name, bytes]) => [`train/${name}/${name}`, bytes]);
  const archive = zip([...files, ...fill, ["test/zz/0.png", png(8, [0, 0, 0])]]);
  await data().getByLabel("Files …").setInputFiles({ name: zipName, mimeType: "application/zip", buffer: archive });
  const decoded = images.map(([name]) => name).filter((name) => !NOT_DECODED.test(name));
  for (const name of [...decoded, "zz"]) await data().getByRole("img", { name: `Sample images of ${name}` }).waitFor();
  await data().locator(".counts").getByText("3×8×8").waitFor();
  const found = await page.evaluate(() =>
    [...document.querySelectorAll(".samples canvas")].map((canvas) => {
      const rgba = canvas.getContext("2d").getImageData(0, 0, 8, 8).data;
      const planes = [0, 1, 2].map((channel) => Array.from({ length: 64 }, (_, i) => rgba[4 * i + channel]));
      return [canvas.ariaLabel.replace("Sample images of ", ""), planes.flat()];
    }),
  );
  return new Map(found);
}

test("the page trains on the pixels of an exported script", { timeout: 120_000 }, async () => {
  const wanted = JSON.parse(await readFile(`${FOLDER}/pixels.json`, "utf8"));
  const names = (await readdir(`${FOLDER}/images`)).sort();
  assert.ok(names.length >= 40);
  const images = await Promise.all(names.map(async (name) => [name, await readFile(`${FOLDER}/images/${name}`)]));
  for (let first = 0; first < images.length; first += IMAGES_PER_ZIP) {
    const part = images.slice(first, first + IMAGES_PER_ZIP);
    const found = await pixels(part, `${first}.zip`);
    for (const [name] of part) {
      const [want, got] = [Buffer.from(wanted[name].RGB, "hex"), found.get(name)];
      if (NOT_DECODED.test(name)) {
        assert.equal(got, undefined, name);
        continue;
      }
      const difference = Math.max(...got.map((value, i) => Math.abs(value - want[i])));
      assert.ok(difference <= TOLERANCE, `${name} differs by ${difference} of 255`);
    }
  }
});
