//! Capabilities of this browser for the engine, queried in the worker.
//!
//! The engine tests the device by opening it. The browser is asked for the adapter's name directly:
//! wgpu passes on neither vendor nor architecture, often all that a browser reports.

use crate::js::{call, call_async, get, global, object};
use crate::protocol::{Adapter, Hardware, NoGpu};
use kindling::Device;
use kindling::device::AdapterKind;
use wasm_bindgen::JsValue;

/// Requests the fastest adapter, and lets the engine open it, so that the page shows a working
/// device.
pub async fn hardware() -> Hardware {
    let (adapter, fallback) = match adapter().await {
        Ok(found) => found,
        Err(reason) => return Hardware::Cpu(reason),
    };
    match Device::gpu().await {
        Err(error) => Hardware::Cpu(NoGpu::Refused { reason: error.to_string() }),
        Ok(Device::Gpu(gpu)) if gpu.kind() == AdapterKind::Software => Hardware::Software(adapter),
        Ok(_) if fallback || is_software(&adapter) => Hardware::Software(adapter),
        Ok(_) => Hardware::Gpu(adapter),
    }
}

/// Returns `true` for known software adapters. Browsers mark only some as fallback.
fn is_software(adapter: &Adapter) -> bool {
    const NAMES: &[&str] = &["swiftshader", "llvmpipe", "lavapipe", "softpipe", "basic render", "warp", "software"];
    let described = format!("{} {}", adapter.architecture, adapter.description).to_ascii_lowercase();
    NAMES.iter().any(|name| described.contains(name))
}

async fn adapter() -> Result<(Adapter, bool), NoGpu> {
    let global = global();
    let gpu = get(&get(&global, "navigator"), "gpu");
    if gpu.is_falsy() {
        let secure = get(&global, "isSecureContext").is_truthy();
        return Err(if secure { NoGpu::NoWebGpu } else { NoGpu::InsecurePage });
    }
    let options = object(&[("powerPreference", "high-performance".into())]);
    let adapter = call_async(&gpu, "requestAdapter", &[options]).await.map_err(|_| NoGpu::NoAdapter)?;
    if adapter.is_falsy() {
        return Err(NoGpu::NoAdapter);
    }
    Ok(describe(&adapter))
}

/// Returns the adapter's description, and `true` if the browser marks it as a fallback.
fn describe(adapter: &JsValue) -> (Adapter, bool) {
    let info = get(adapter, "info");
    let limits = get(adapter, "limits");
    let text = |name| get(&info, name).as_string().unwrap_or_default();
    let limit = |name| get(&limits, name).as_f64().unwrap_or_default();
    let features = get(adapter, "features");
    let has = |name: &str| call(&features, "has", &[name.into()]).is_ok_and(|answer| answer.is_truthy());
    let fallback = [adapter, &info].iter().any(|object| get(object, "isFallbackAdapter").is_truthy());
    let adapter = Adapter {
        vendor: text("vendor"),
        architecture: text("architecture"),
        description: text("description"),
        max_buffer: limit("maxBufferSize"),
        workgroup_memory: limit("maxComputeWorkgroupStorageSize"),
        workgroup_size: limit("maxComputeInvocationsPerWorkgroup"),
        half_precision: has("shader-f16"),
        timestamps: has("timestamp-query"),
        subgroups: has("subgroups"),
    };
    (adapter, fallback)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(architecture: &str, description: &str) -> Adapter {
        Adapter { architecture: architecture.into(), description: description.into(), ..Adapter::default() }
    }

    #[test]
    fn software_adapters_are_recognized() {
        assert!(is_software(&adapter("swiftshader", "")));
        assert!(is_software(&adapter("", "llvmpipe (LLVM 15.0.6, 256 bits)")));
        assert!(is_software(&adapter("", "Microsoft Basic Render Driver")));
        assert!(!is_software(&adapter("ampere", "")));
        assert!(!is_software(&adapter("", "")));
    }
}
