// Shared by the tests of the built page: a server of dist/ below a sub-path, and a browser that records every error.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const modules = process.env.KINDLING_NODE_MODULES;
if (!modules || !process.env.CHROME) throw new Error("run me by `cargo xtask test --only e2e`");
const { chromium } = createRequire(join(modules, "x.js"))("playwright-core");

const dist = fileURLToPath(new URL("../../dist/", import.meta.url));
const types = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

// Headers that isolate a page: with them its workers share memory.
const isolating = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

/** Serves dist/ in a folder: the page must work at any path, and without any header. */
export async function serve({ headers = isolating } = {}) {
  const base = "/some/folder/";
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const path = normalize(pathname.replace(base, "/")).replace(/\/$/, "/index.html");
    try {
      if (!pathname.startsWith(base) || path.includes("..")) throw new Error("outside");
      const body = await readFile(join(dist, path));
      response.writeHead(200, { ...headers, "content-type": types[extname(path)] ?? "application/octet-stream" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${server.address().port}${base}`;
  return { url, close: () => new Promise((done) => server.close(done)) };
}

/** Launches a headless browser; `flags` replaces those that enable WebGPU. */
export function launch(flags = process.env.CHROME_FLAGS.split(" ")) {
  return chromium.launch({ executablePath: process.env.CHROME, args: flags });
}

/** Opens a page; `complaints` lists its console errors, exceptions and failed requests. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`exception: ${error.message}`));
  page.on("requestfailed", (request) => complaints.push(`not loaded: ${request.url()}`));
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()}: ${response.url()}`);
  });
  await page.goto(url);
  return { page, context, complaints };
}
