// Shortens the names by which a release's JavaScript and wasm know each other: those of wasm-bindgen have a hash each,
// and are more than a percent of the page's bytes.

const IMPORTS = 2;
const EXPORTS = 7;

/** Returns the wasm and its JavaScript with short names. wasm-bindgen's are those that open with two underscores. */
export function shorten(wasm, script) {
  const sections = [...split(wasm)];
  const names = new Map();
  const rename = (name) => {
    if (!name.startsWith("__")) return name;
    if (!names.has(name)) names.set(name, `$${names.size.toString(36)}`);
    return names.get(name);
  };
  const parts = sections.map(({ id, body }) => {
    if (id === IMPORTS) return section(id, entries(body, [keepText, rename, importType]));
    if (id === EXPORTS) return section(id, entries(body, [rename, exportType]));
    return section(id, body);
  });
  const shortened = script.replace(/\b__\w+/g, (name) => names.get(name) ?? name);
  return { wasm: Buffer.concat([wasm.subarray(0, 8), ...parts]), script: shortened };
}

const keepText = (text) => text;

/** The type of an import: its kind, and numbers; returns the index behind it. */
function importType(bytes, at) {
  const kind = bytes[at];
  const skip = (position) => number(bytes, position)[1];
  const limits = (position) => (bytes[position] & 1 ? skip(skip(position + 1)) : skip(position + 1));
  switch (kind) {
    case 0: return skip(at + 1);
    case 1: return limits(at + 2);
    case 2: return limits(at + 1);
    case 3: return at + 3;
    default: throw new Error(`an import of the unknown kind ${kind}`);
  }
}

/** The kind of an export and its index. */
const exportType = (bytes, at) => number(bytes, at + 1)[1];

/** Rewrites a list of entries: a function of one argument maps a text, one of two returns the end of other bytes. */
function entries(body, fields) {
  let [count, at] = number(body, 0);
  const parts = [encoded(count)];
  for (let i = 0; i < count; i++) {
    for (const field of fields) {
      if (field.length === 2) {
        const end = field(body, at);
        parts.push(body.subarray(at, end));
        at = end;
      } else {
        const [length, start] = number(body, at);
        at = start + length;
        const text = Buffer.from(field(body.toString("utf8", start, at)));
        parts.push(encoded(text.length), text);
      }
    }
  }
  return Buffer.concat(parts);
}

function* split(wasm) {
  for (let at = 8; at < wasm.length; ) {
    const [length, start] = number(wasm, at + 1);
    yield { id: wasm[at], body: wasm.subarray(start, start + length) };
    at = start + length;
  }
}

const section = (id, body) => Buffer.concat([Buffer.from([id]), encoded(body.length), body]);

/** Reads a LEB128 number. Returns it and the index behind it. */
function number(bytes, at) {
  for (let value = 0, shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [value >>> 0, at];
  }
}

/** Writes a LEB128 number. */
function encoded(value) {
  const bytes = [];
  do {
    bytes.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value >>>= 7;
  } while (value > 0);
  return Buffer.from(bytes);
}
