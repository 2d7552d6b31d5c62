//! What the page and the worker say to each other: plain data, sent as JSON text.
//!
//! The worker speaks first: a message posted before its wasm has loaded would be lost, so the page sends nothing until
//! it has heard [`FromWorker::Ready`].

use serde::{Deserialize, Serialize};

/// What the page asks of the worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToWorker {
    /// Find out what the engine can run on. Answered by [`FromWorker::Hardware`].
    ProbeHardware,
}

/// What the worker tells the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromWorker {
    /// The worker listens.
    Ready,
    /// What the engine runs on.
    Hardware(Hardware),
    /// A message from the page could not be read: the two are of different versions.
    NotUnderstood {
        /// What was wrong with it.
        reason: String,
    },
}

/// What the engine runs on in this browser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hardware {
    /// A graphics card, through WebGPU.
    Gpu(Adapter),
    /// A WebGPU adapter that is a program on the CPU.
    Software(Adapter),
    /// The engine's own CPU code.
    Cpu(NoGpu),
}

/// A WebGPU adapter, as far as the browser describes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Adapter {
    /// Who made it: `nvidia`, `apple`; empty where the browser does not say.
    pub vendor: String,
    /// Its family: `ampere`, `swiftshader`; empty where the browser does not say.
    pub architecture: String,
    /// Its full name; browsers mostly keep it to themselves.
    pub description: String,
    /// The largest buffer, in bytes.
    pub max_buffer: f64,
    /// Memory shared by a workgroup, in bytes.
    pub workgroup_memory: f64,
    /// Invocations in a workgroup.
    pub workgroup_size: f64,
    /// Whether shaders may compute in half precision.
    pub half_precision: bool,
    /// Whether kernels can be timed on the adapter itself.
    pub timestamps: bool,
}

/// Why there is no adapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoGpu {
    /// The page was loaded over plain HTTP from another machine: browsers keep WebGPU from such pages.
    InsecurePage,
    /// The browser has no WebGPU, or it is switched off.
    NoWebGpu,
    /// The browser has WebGPU but offers no adapter.
    NoAdapter,
    /// The engine could not open the adapter.
    Refused {
        /// The engine's words.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(message: &FromWorker) -> FromWorker {
        let text = serde_json::to_string(message).expect("messages are plain data");
        serde_json::from_str(&text).expect("what was written can be read")
    }

    #[test]
    fn messages_survive_the_way() {
        let adapter = Adapter { vendor: "nvidia".into(), max_buffer: 4_294_967_296.0, ..Adapter::default() };
        for message in [
            FromWorker::Ready,
            FromWorker::Hardware(Hardware::Gpu(adapter)),
            FromWorker::Hardware(Hardware::Cpu(NoGpu::Refused { reason: "lost".into() })),
        ] {
            assert_eq!(round_trip(&message), message);
        }
        let ask = serde_json::to_string(&ToWorker::ProbeHardware).expect("messages are plain data");
        assert_eq!(ask, "\"probe-hardware\"");
    }
}
