// Exported ONNX files in onnxruntime-web: every preset and every kind of layer gives the engine's results.

import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch } from "./site.mjs";

const ORIGIN = "http://onnx.test";
const runtime = join(process.env.KINDLING_NODE_MODULES, "onnxruntime-web/dist");
const folder = mkdtempSync(join(tmpdir(), "kindling-onnx-"));
let browser;
let page;

before(async () => {
  execFileSync(process.env.ONNX_CASES, [folder]);
  browser = await launch();
  page = await browser.newPage();
  await page.route(`${ORIGIN}/**`, (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === "/") return route.fulfill({ contentType: "text/html", body: "<title>onnxruntime-web</title>" });
    const [, source, name] = pathname.split("/");
    return route.fulfill({ path: join(source === "runtime" ? runtime : folder, decodeURIComponent(name)) });
  });
  await page.goto(ORIGIN);
  await page.evaluate(async () => {
    window.ort = await import("/runtime/ort.wasm.min.mjs");
    window.ort.env.wasm.wasmPaths = "/runtime/";
    window.ort.env.wasm.numThreads = 1;
  });
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

test("every exported model gives the engine's results in onnxruntime-web", { timeout: 600_000 }, async () => {
  const cases = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8"));
  assert.ok(cases.length > 10, `${cases.length} models`);
  for (const { file, shape, input, output, output_shape: outputShape } of cases) {
    const [result, ofOne] = await page.evaluate(async ([file, shape, input]) => {
      const { InferenceSession, Tensor } = window.ort;
      const session = await InferenceSession.create(`/models/${encodeURIComponent(file)}`);
      const run = async (values, dims) => {
        const { output } = await session.run({ input: new Tensor("float32", Float32Array.from(values), dims) });
        return { dims: [...output.dims], values: [...output.data] };
      };
      const one = input.length / shape[0];
      const results = [await run(input, shape), await run(input.slice(0, one), [1, ...shape.slice(1)])];
      await session.release();
      return results;
    }, [file, shape, input]);
    assert.deepEqual(result.dims, outputShape, file);
    const scale = Math.max(1, ...output.map(Math.abs));
    result.values.forEach((value, i) => {
      assert.ok(Math.abs(value - output[i]) <= 1e-4 * scale, `${file}: element ${i} is ${value}, not ${output[i]}`);
    });
    // A batch of another size is accepted.
    ofOne.values.forEach((value, i) => assert.ok(Math.abs(value - output[i]) <= 1e-4 * scale, `${file}, one sample`));
  }
});
