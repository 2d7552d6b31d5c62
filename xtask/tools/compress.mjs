// Prepares a built page for hosts: writes NAME.wasm.gz beside each NAME.wasm, and minifies the JavaScript of a release.
// Trunk runs it after a build, in its staging folder.

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const folder = process.env.TRUNK_STAGING_DIR;
if (!folder) throw new Error("TRUNK_STAGING_DIR is not set: trunk runs this program after a build");
const isRelease = process.env.TRUNK_PROFILE === "release";
for (const name of readdirSync(folder, { recursive: true })) {
  const path = join(folder, name);
  if (name.endsWith(".wasm")) {
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: isRelease ? 9 : 1 }));
  } else if (name.endsWith(".js") && isRelease) {
    minify(path);
  }
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
