// Prepares a built page for hosts: minifies the JavaScript of a release, shortens the names between it and the wasm, and
// writes NAME.wasm.gz beside each NAME.wasm. Trunk runs it after a build, in its staging folder.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { shorten } from "./names.mjs";

const folder = process.env.TRUNK_STAGING_DIR;
if (!folder) throw new Error("TRUNK_STAGING_DIR is not set: trunk runs this program after a build");
const isRelease = process.env.TRUNK_PROFILE === "release";
const files = readdirSync(folder, { recursive: true }).map((name) => join(folder, name));
if (isRelease) files.filter((path) => path.endsWith(".js")).forEach(minify);
for (const path of files.filter((path) => path.endsWith(".wasm"))) {
  const script = path.replace(/_bg\.wasm$/, ".js");
  if (isRelease && existsSync(script)) {
    const shortened = shorten(readFileSync(path), readFileSync(script, "utf8"));
    writeFileSync(path, shortened.wasm);
    writeFileSync(script, shortened.script);
  }
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: isRelease ? 9 : 1 }));
}

/** Minifies a script in place. Without terser, which `cargo xtask` puts on the PATH, the script stays as it is. */
function minify(path) {
  const { error, status, stderr } = spawnSync("terser", [path, "--module", "--compress", "--mangle", "--output", path], {
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (error?.code === "ENOENT") console.warn(`${path} is not minified: terser is not installed`);
  else if (error || status !== 0) throw error ?? new Error(`terser ${path}: ${stderr}`);
}
