// The engine's worker and its helpers, workers of this same file, at `products.wat`; see `mod.rs`.

const HELPER = "kindling-products";
// A thread's own bytes, where the first one's lie, the most threads, and the most pages of 64 KiB: as in `products.wat`.
const SPACE = 0x21800 + 256;
const FIRST = 256;
const THREADS = 8;
const PAGES = 8192;

if (self.name === HELPER) {
  self.onmessage = ({ data: { module, memory, space } }) => {
    const { help } = new WebAssembly.Instance(module, { kindling: { memory } }).exports;
    self.postMessage("ready");
    help(space);
  };
}

let product, memory, threads, words, floats;
let arrivals = [];
let jobs = 0;

export function open(bytes) {
  if (typeof WorkerGlobalScope === "undefined") return false;
  try {
    const module = new WebAssembly.Module(bytes);
    memory = new WebAssembly.Memory({ initial: 64, maximum: PAGES, shared: true });
    product = new WebAssembly.Instance(module, { kindling: { memory } }).exports.product;
    threads = self.crossOriginIsolated && self.Worker ? Math.min(THREADS, navigator.hardwareConcurrency || 1) : 1;
    look();
    for (let i = 1; i < threads; i++) {
      const helper = new Worker(import.meta.url, { type: "module", name: HELPER });
      arrivals.push(new Promise((done) => {
        helper.onmessage = done;
        // One that cannot start is one fewer, nothing else.
        helper.onerror = (event) => {
          event.preventDefault();
          done();
        };
      }));
      helper.postMessage({ module, memory, space: FIRST + i * SPACE });
    }
    return true;
  } catch {
    return false;
  }
}

export function gather() {
  return Promise.race([Promise.all(arrivals), new Promise((done) => setTimeout(done, 1000))]);
}

export function ready() {
  return 1 + Atomics.load(words, 3);
}

export function multiply(m, k, n, a, aRow, aCol, b, bRow, bCol, c, cRow, keep) {
  const aAt = line(FIRST + threads * SPACE);
  const bAt = line(aAt + a.byteLength);
  const cAt = line(bAt + b.byteLength);
  if (!reach(line(cAt + c.byteLength))) return false;
  floats.set(a, aAt / 4);
  floats.set(b, bAt / 4);
  // What lies between the rows goes back as it came.
  if (keep || cRow !== n) floats.set(c, cAt / 4);
  // Columns as wide as a thread has space for, evenly; rows in parts until each thread has some four tasks.
  const across = Math.ceil(n / 128);
  const columns = Math.ceil(n / across / 8) * 8;
  const down = threads === 1 ? 1 : Math.max(1, Math.min(Math.ceil((4 * threads) / across), Math.floor(m / 96)));
  const rows = Math.ceil(m / down / 6) * 6;
  const tasks = Math.ceil(n / columns) * Math.ceil(m / rows);
  if (tasks > 0x8000) return false;
  const steps = [aAt, 4 * aRow, 4 * aCol, bAt, 4 * bRow, 4 * bCol, cAt, 4 * cRow];
  words.set([m, k, n, ...steps, keep ? 1 : 0, rows, columns, Math.ceil(n / columns)], 4);
  jobs = (jobs % 0x7fff) + 1;
  product(jobs * 0x10000 + tasks, FIRST);
  c.set(floats.subarray(cAt / 4, cAt / 4 + c.length));
  return true;
}

// The next cache line.
function line(at) {
  return Math.ceil(at / 64) * 64;
}

function reach(end) {
  const missing = Math.ceil((end - memory.buffer.byteLength) / 0x10000);
  if (missing <= 0) return true;
  try {
    memory.grow(missing);
  } catch {
    return false;
  }
  look();
  return true;
}

function look() {
  words = new Int32Array(memory.buffer);
  floats = new Float32Array(memory.buffer);
}
