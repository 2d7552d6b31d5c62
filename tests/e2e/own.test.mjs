// The user's data and images, valid and invalid: each is accepted, or refused with a reason.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { png, tar, zip } from "./archives.mjs";
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
  await data().getByText("4,000").waitFor();
  await data().getByText("Your own data").click();
});

after(async () => {
  await browser?.close();
  await site?.close();
});

const data = () => page.getByRole("region", { name: "Data" });
const choose = (...files) =>
  data().getByLabel("Files …").setInputFiles(files.map(([name, buffer]) => ({ name, mimeType: "application/octet-stream", buffer })));
const failed = async (words) => {
  await data().getByRole("alert").getByText(words).waitFor();
};

/** Returns CIFAR-10's files with `count` images each. */
const cifar = (count) =>
  ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"].map((name, number) => {
    const bytes = Buffer.alloc(count * 3073);
    for (let i = 0; i < count; i += 1) {
      bytes.fill(20 + ((i + number) % 10) * 22, i * 3073, (i + 1) * 3073);
      bytes[i * 3073] = (i + number) % 10;
    }
    return [`cifar-10-batches-bin/${name}.bin`, bytes];
  });

const colors = { red: [220, 40, 40], green: [40, 200, 60], blue: [50, 60, 220] };
const images = Object.entries(colors).flatMap(([name, [r, g, b]]) =>
  Array.from({ length: 10 }, (_, i) => [`colors/${name}/${i}.png`, png(32, [r + i, g + i, b + i])]),
);

test("a zip of images by class is a data set", { timeout: 120_000 }, async () => {
  await choose(["colors.zip", zip(images)]);
  await data().getByText("green").waitFor();
  const counts = await data().locator(".counts").innerText();
  assert.match(counts, /\d+ train\s+\d+ test\s+3×32×32/);
});

test("CIFAR's archive is a data set", { timeout: 120_000 }, async () => {
  await choose(["cifar-10-binary.tar.gz", tar(cifar(100))]);
  await data().getByText("airplane").waitFor();
  await data().locator(".counts").getByText("500").waitFor();
});

test("a table with a column of labels is a data set", { timeout: 120_000 }, async () => {
  const rows = Array.from({ length: 60 }, (_, i) => `${i % 3},${i % 7},${(i * i) % 11},${i % 3}`);
  await choose(["points.csv", Buffer.from(["a,b,c,label", ...rows].join("\n"))]);
  await data().locator(".counts").getByText(/^3$/).waitFor();
});

test("invalid data is refused with a reason", { timeout: 120_000 }, async () => {
  await choose(["cifar-10-binary.tar.gz", tar(cifar(100)).subarray(0, 900)]);
  await failed(/cifar-10-binary\.tar\.gz|ends|truncated|broken/);
  await choose(["mine.tar.gz", tar([["notes.txt", Buffer.from("no data")]])]);
  await failed(/CIFAR|cifar/);
  await choose(["a.zip", zip([["red/a.png", Buffer.from("no image")], ["blue/b.png", png(8, [0, 0, 255])]])]);
  await failed(/a\.png/);
  await choose(["notes.txt", Buffer.from("no data")]);
  await failed(/notes\.txt/);
});

test("the user's image is classified, drawn or chosen; another file is refused", { timeout: 120_000 }, async () => {
  await data().getByRole("combobox").first().selectOption("shapes");
  await data().getByText("4,000").waitFor();
  const training = page.getByRole("region", { name: "Training", exact: true });
  await training.getByRole("button", { name: "Step" }).click();
  const inside = page.getByRole("region", { name: "Inspect" });
  await inside.getByRole("region", { name: "Norms of the layers" }).waitFor();
  await inside.getByRole("tab", { name: "Predictions" }).click();
  await inside.locator(".prediction").first().waitFor();
  await inside.getByRole("button", { name: "Draw", exact: true }).click();
  const canvas = inside.getByRole("img", { name: /^Draw here/ });
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + 40, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + 140, box.y + 120, { steps: 5 });
  await page.mouse.up();
  await inside.locator(".user-image .bar-row").first().waitFor();
  const own = inside.getByLabel("Your image …");
  await own.setInputFiles({ name: "a.png", mimeType: "image/png", buffer: png(64, colors.red) });
  await inside.locator(".user-image").waitFor();
  await own.setInputFiles({ name: "b.png", mimeType: "image/png", buffer: Buffer.from("no image") });
  await page.locator(".notice.bad").first().waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});
