// Data and pictures of one's own, good and bad: each is taken, or answered by a sentence that says what to do.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { crc32, deflateSync, gzipSync } from "node:zlib";
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

/** A picture of one colour. */
function png(side, [red, green, blue]) {
  const row = Buffer.concat([Buffer.from([0]), Buffer.concat(Array(side).fill(Buffer.from([red, green, blue])))]);
  const chunk = (kind, body) => {
    const whole = Buffer.concat([Buffer.from(kind), body]);
    const ends = [Buffer.alloc(4), Buffer.alloc(4)];
    ends[0].writeUInt32BE(body.length);
    ends[1].writeUInt32BE(crc32(whole));
    return Buffer.concat([ends[0], whole, ends[1]]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const pixels = deflateSync(Buffer.concat(Array(side).fill(row)));
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk("IHDR", head),
    chunk("IDAT", pixels),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** A zip without compression. */
function zip(files) {
  const parts = [];
  const index = [];
  let at = 0;
  for (const [name, body] of files) {
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt16LE(20, 4);
    head.writeUInt32LE(crc32(body), 14);
    head.writeUInt32LE(body.length, 18);
    head.writeUInt32LE(body.length, 22);
    head.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(20, 4);
    entry.writeUInt16LE(20, 6);
    head.copy(entry, 16, 14, 26);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    index.push(entry, Buffer.from(name));
    parts.push(head, Buffer.from(name), body);
    at += 30 + name.length + body.length;
  }
  const size = index.reduce((sum, part) => sum + part.length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, ...index, end]);
}

/** A gzipped tar. */
function tar(files) {
  const parts = files.flatMap(([name, body]) => {
    const head = Buffer.alloc(512);
    head.write(name);
    head.write("0000644\0", 100);
    head.write(`${body.length.toString(8).padStart(11, "0")}\0`, 124);
    head.write("        0", 148);
    head.write("ustar\0" + "00", 257);
    const sum = head.reduce((sum, byte) => sum + byte, 0);
    head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    // The type stands behind the sum, and counts as "0".
    head.write("0", 156);
    return [head, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(1024)]));
}

/** CIFAR-10's files with so many pictures each. */
const cifar = (count) =>
  ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"].map((name, number) => {
    const bytes = Buffer.alloc(count * 3073);
    for (let i = 0; i < count; i += 1) {
      bytes.fill(20 + ((i + number) % 10) * 22, i * 3073, (i + 1) * 3073);
      bytes[i * 3073] = (i + number) % 10;
    }
    return [`cifar-10-batches-bin/${name}.bin`, bytes];
  });

const colours = { red: [220, 40, 40], green: [40, 200, 60], blue: [50, 60, 220] };
const pictures = Object.entries(colours).flatMap(([name, [r, g, b]]) =>
  Array.from({ length: 10 }, (_, i) => [`colours/${name}/${i}.png`, png(32, [r + i, g + i, b + i])]),
);

test("a zip of pictures by class becomes data that can be trained on", { timeout: 120_000 }, async () => {
  await choose(["colours.zip", zip(pictures)]);
  await data().getByText("green").waitFor();
  const counts = await data().locator(".counts").innerText();
  assert.match(counts, /\d+ train\s+\d+ test\s+3×32×32/);
});

test("CIFAR's archive is taken as it is downloaded", { timeout: 120_000 }, async () => {
  await choose(["cifar-10-binary.tar.gz", tar(cifar(100))]);
  await data().getByText("airplane").waitFor();
  await data().locator(".counts").getByText("500").waitFor();
});

test("a table with a column of labels becomes data", { timeout: 120_000 }, async () => {
  const rows = Array.from({ length: 60 }, (_, i) => `${i % 3},${i % 7},${(i * i) % 11},${i % 3}`);
  await choose(["points.csv", Buffer.from(["a,b,c,label", ...rows].join("\n"))]);
  await data().locator(".counts").getByText(/^3$/).waitFor();
});

test("what is no data is refused, and says what would be", { timeout: 120_000 }, async () => {
  await choose(["cifar-10-binary.tar.gz", tar(cifar(100)).subarray(0, 900)]);
  await failed(/cifar-10-binary\.tar\.gz|ends|truncated|broken/);
  await choose(["mine.tar.gz", tar([["notes.txt", Buffer.from("no data")]])]);
  await failed(/CIFAR|cifar/);
  await choose(["a.zip", zip([["red/a.png", Buffer.from("no picture")], ["blue/b.png", png(8, [0, 0, 255])]])]);
  await failed(/a\.png/);
  await choose(["notes.txt", Buffer.from("no data")]);
  await failed(/notes\.txt/);
});

test("a picture of one's own is classified, drawn or chosen; what is none is refused", { timeout: 120_000 }, async () => {
  await data().getByRole("combobox").first().selectOption("shapes");
  await data().getByText("4,000").waitFor();
  const training = page.getByRole("region", { name: "Training", exact: true });
  await training.getByRole("button", { name: "Step" }).click();
  const inside = page.getByRole("region", { name: "Look inside" });
  await inside.getByRole("region", { name: "Norms of the layers" }).waitFor();
  await inside.getByRole("tab", { name: "Predictions" }).click();
  await inside.locator(".prediction").first().waitFor();
  await inside.getByRole("button", { name: "Draw one" }).click();
  const canvas = inside.getByRole("img", { name: /^Draw here/ });
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + 40, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + 140, box.y + 120, { steps: 5 });
  await page.mouse.up();
  await inside.locator(".own-picture .bar-row").first().waitFor();
  const own = inside.getByLabel("Your picture …");
  await own.setInputFiles({ name: "a.png", mimeType: "image/png", buffer: png(64, colours.red) });
  await inside.locator(".own-picture").waitFor();
  await own.setInputFiles({ name: "b.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
  await page.locator(".notice.bad").first().waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});
