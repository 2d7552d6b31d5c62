// Benchmark interface for other programs: window.__bench = { name, ready, run(workload, steps) }. The engine runs in the
// same worker as for the playground.

import { startWorker } from "./program.js";

const device = new URLSearchParams(location.search).get("device") === "cpu" ? "cpu" : "gpu";
let waiting = null;
let worker = null;

window.__bench = {
  name: `kindling-${device}`,
  ready: false,
  run(workload, steps) {
    return new Promise((resolve, reject) => {
      waiting = { resolve, reject };
      worker.postMessage({ text: JSON.stringify({ bench: { workload, steps, device } }), bulk: [] });
    });
  },
};

worker = await startWorker(`kindling-bench-${Math.random()}`);
worker.onmessage = ({ data }) => {
  const message = JSON.parse(data.text);
  if (message === "ready") {
    window.__bench.ready = true;
  } else if (message.benched) {
    const { ms_per_step: msPerStep, loss, dispatches, submits } = message.benched;
    waiting?.resolve({ msPerStep, loss, dispatches, submits });
  } else if (message.failed || message.crashed) {
    waiting?.reject(new Error((message.failed ?? message.crashed).reason));
  }
};
worker.onerror = (event) => waiting?.reject(new Error(event.message));
