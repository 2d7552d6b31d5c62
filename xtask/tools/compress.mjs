// Prepares a built page for hosts: writes NAME.wasm.gz beside each NAME.wasm, and removes comments and indentation from
// the JavaScript of a release. Trunk runs it after a build, in its staging folder.

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
    writeFileSync(path, condensed(readFileSync(path, "utf8")));
  }
}

/**
 * Removes indentation, and comments that have lines of their own. Neither our scripts nor wasm-bindgen's have strings of
 * several lines.
 */
function condensed(script) {
  const comments = [/^[ \t]*\/\*\*[^]*?\*\/[ \t]*\n/gm, /^[ \t]*\/\/.*\n/gm];
  return comments.reduce((text, comment) => text.replace(comment, ""), script).replace(/^[ \t]+/gm, "");
}
