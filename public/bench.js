// A page that other programs measure: window.__bench = { name, ready, run(workload, steps) }. The engine is in the same
// worker as for the playground.

const device = new URLSearchParams(location.search).get("device") === "cpu" ? "cpu" : "gpu";
const worker = new Worker("./worker_loader.js", { type: "module", name: `kindling-bench-${Math.random()}` });
let waiting = null;

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
