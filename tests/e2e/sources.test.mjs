// Users' data sets in the page: splits, names in other encodings, dialects of CSV, and skipped files.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { png, zip } from "./archives.mjs";
import { launch, open, serve } from "./site.mjs";

const LONG = { timeout: 120_000 };

let site;
let browser;
let page;
let context;
let complaints;

before(async () => {
  site = await serve();
  browser = await launch();
  ({ page, context, complaints } = await open(browser, site.url));
  await data().getByText("4,000").waitFor();
  await data().getByText("Your own data").click();
});

after(async () => {
  await browser?.close();
  await site?.close();
});

const data = () => page.getByRole("region", { name: "Data" });
const counts = () => data().locator(".counts");
const notes = () => data().getByRole("list", { name: "Notes on the data" });
const file = ([name, buffer]) => ({ name, mimeType: "application/octet-stream", buffer });
const choose = (...files) => data().getByLabel("Files …").setInputFiles(files.map(file));
const images = (folder, count, shade) =>
  Array.from({ length: count }, (_, i) => [`${folder}/${i}.png`, png(16, [shade, 200 - 9 * i, 9 * i])]);

test("a folder with splits keeps them, and its other files are noted", LONG, async () => {
  const root = await mkdtemp(join(tmpdir(), "kindling-e2e-"));
  const files = [
    ...images("leaves/Training/oak", 6, 10),
    ...images("leaves/Training/ash", 5, 90),
    ...images("leaves/valid/oak", 2, 10),
    ...images("leaves/valid/ash", 2, 90),
    ...images("leaves/test/oak", 1, 10),
    ...images("leaves/test/ash", 2, 90),
    ["leaves/Training/oak/notes.txt", Buffer.from("collected in May")],
  ];
  for (const [name, bytes] of files) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), bytes);
  }
  await data().getByLabel("Folder …").setInputFiles(join(root, "leaves"));
  await data().getByText("oak", { exact: true }).waitFor();
  assert.match(await counts().innerText(), /11 train\s+4 validation\s+3 test\s+3×16×16/);
  await notes().getByText("notes.txt").waitFor();
  await rm(root, { recursive: true });
});

test("names in a zip are decoded with their flag, or without one", LONG, async () => {
  // Code page 437, as zip programs write it without the flag for UTF-8: 0x82 is é.
  const cafe = (i) => Buffer.concat([Buffer.from("drinks/caf"), Buffer.from([0x82]), Buffer.from(`/${i}.png`)]);
  const files = [
    ...Array.from({ length: 8 }, (_, i) => [cafe(i), png(16, [200, 9 * i, 0])]),
    ...images("drinks/tea", 8, 30),
  ];
  await choose(["drinks.zip", zip(files)]);
  await data().getByText("café").waitFor();
});

test("a table with semicolons and decimal commas is read, and its dialect is noted", LONG, async () => {
  const rows = Array.from({ length: 60 }, (_, i) => `${i},5;${i % 7},25;${i % 2}`);
  const table = Buffer.from(["width;height;class", ...rows].join("\r\n"));
  // A drop, as from a folder on the desktop.
  const transfer = await page.evaluateHandle((text) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], "sizes.csv", { type: "text/csv" }));
    return transfer;
  }, table.toString());
  await page.dispatchEvent("body", "dragover", { dataTransfer: transfer });
  await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
  await counts().getByText(/^2$/).waitFor();
  assert.match(await counts().innerText(), /48 train\s+12 test\s+2/);
  assert.match(await notes().innerText(), /semicolon/);

  await data().getByRole("combobox", { name: "Label" }).selectOption("height");
  await notes().getByText(/label "height"/).waitFor();
  assert.equal(await data().getByRole("combobox", { name: "Predict" }).inputValue(), "classification");
  await data().getByRole("combobox", { name: "Predict" }).selectOption("regression");
  await notes().getByText(/quantity/).first().waitFor();
  await page.getByRole("button", { name: "Use the preset mlp" }).click();
  await data().getByLabel("Train on").fill("30");
  await data().getByLabel("Train on").press("Enter");
  await counts().getByText(/^30$/).waitFor();
  assert.equal(await data().getByRole("combobox", { name: "Label" }).inputValue(), "2");
});

test("MNIST's files are a data set", LONG, async () => {
  const idx = (sizes, bytes) => {
    const head = Buffer.alloc(4 + 4 * sizes.length);
    head.set([0, 0, 8, sizes.length]);
    sizes.forEach((size, i) => head.writeUInt32BE(size, 4 + 4 * i));
    return Buffer.concat([head, bytes]);
  };
  const labels = (count) => idx([count], Buffer.from(Array.from({ length: count }, (_, i) => i % 10)));
  const digits = (count) => idx([count, 28, 28], Buffer.alloc(count * 784, 128));
  await choose(
    ["train-images-idx3-ubyte", digits(40)],
    ["train-labels-idx1-ubyte", labels(40)],
    ["t10k-images-idx3-ubyte", digits(20)],
    ["t10k-labels-idx1-ubyte", labels(20)],
  );
  await counts().getByText("1×28×28").waitFor();
  assert.match(await counts().innerText(), /40 train\s+20 test/);
});

test("an unreadable image is skipped and noted; the rest is used", LONG, async () => {
  const files = [...images("pets/cat", 10, 40), ...images("pets/dog", 10, 160)];
  await choose(["pets.zip", zip([...files, ["pets/dog/broken.png", Buffer.from("no image")]])]);
  await data().getByText("dog", { exact: true }).waitFor();
  await notes().getByText("broken.png").waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});
