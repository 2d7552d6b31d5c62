//! PyTorch's golden files in the browser, in a worker: on WebGPU, and on the CPU in wasm.
#![cfg(target_arch = "wasm32")]

use kindling::Device;
use kindling_tests::golden::{Report, ops};
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

include!(concat!(env!("OUT_DIR"), "/golden.rs"));

wasm_bindgen_test_configure!(run_in_dedicated_worker);

async fn replay(device: &Device) {
    let mut report = Report::default();
    for (family, bytes) in OPS.iter().filter(|(family, _)| ops::FAMILIES.contains(family)) {
        if let Err(failure) = ops::run(bytes, device, &mut report).await {
            panic!("{family}: {failure}");
        }
    }
    console_log!("{report}");
    assert!(report.passed() > 0, "no case was replayed");
    assert_eq!(report.wrong(), [""; 0], "golden cases failed");
}

#[wasm_bindgen_test]
async fn operations_on_webgpu() {
    match Device::gpu().await {
        Ok(device) => replay(&device).await,
        Err(error) => panic!("{error}"),
    }
}

#[wasm_bindgen_test]
async fn operations_on_the_wasm_cpu() {
    replay(&Device::cpu()).await;
}
