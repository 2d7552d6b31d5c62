//! PyTorch's golden files in the browser, in a worker: on WebGPU, and on the CPU in wasm.
#![cfg(target_arch = "wasm32")]

use kindling::Device;
use kindling_tests::golden::{Report, autograd, ops, optim, train};
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

include!(concat!(env!("OUT_DIR"), "/golden.rs"));

wasm_bindgen_test_configure!(run_in_dedicated_worker);

async fn webgpu() -> Device {
    match Device::gpu().await {
        Ok(device) => device,
        Err(error) => panic!("{error}"),
    }
}

fn assert_whole(report: &Report) {
    console_log!("{report}");
    assert!(report.passed() > 0, "no case was replayed");
    assert_eq!(report.wrong(), [""; 0], "golden cases failed");
}

async fn operations(device: &Device) {
    let mut report = Report::default();
    for (family, bytes) in OPS.iter().filter(|(family, _)| ops::FAMILIES.contains(family)) {
        if let Err(failure) = ops::run(bytes, device, &mut report).await {
            panic!("{family}: {failure}");
        }
    }
    assert_whole(&report);
}

async fn programs(device: &Device) {
    let mut report = Report::default();
    if let Err(failure) = autograd::run(AUTOGRAD, AUTOGRAD_TENSORS, device, &mut report).await {
        panic!("{failure}");
    }
    assert_whole(&report);
}

async fn optimizers(device: &Device) {
    let mut report = Report::default();
    if let Err(failure) = optim::schedules(LR_SCHEDULERS, &mut report) {
        panic!("{failure}");
    }
    for (family, bytes) in OPTIM {
        if let Err(failure) = optim::run(family, bytes, device, &mut report).await {
            panic!("{family}: {failure}");
        }
    }
    assert_whole(&report);
}

/// Left to the CPU here and to the native test: on the software adapter these two alone take more
/// than a minute.
const LONG_ON_WEBGPU: &[&str] = &["t1_net", "t3_resnet"];

async fn training(device: &Device) {
    let mut report = Report::default();
    for (case, bytes) in TRAIN.iter().filter(|(case, _)| device.is_cpu() || !LONG_ON_WEBGPU.contains(case)) {
        train::run(case, bytes, device, &mut report).await;
    }
    assert_whole(&report);
}

#[wasm_bindgen_test]
async fn operations_on_webgpu() {
    operations(&webgpu().await).await;
}

#[wasm_bindgen_test]
async fn operations_on_the_wasm_cpu() {
    operations(&Device::cpu()).await;
}

#[wasm_bindgen_test]
async fn programs_on_webgpu() {
    programs(&webgpu().await).await;
}

#[wasm_bindgen_test]
async fn programs_on_the_wasm_cpu() {
    programs(&Device::cpu()).await;
}

#[wasm_bindgen_test]
async fn optimizers_on_webgpu() {
    optimizers(&webgpu().await).await;
}

#[wasm_bindgen_test]
async fn optimizers_on_the_wasm_cpu() {
    optimizers(&Device::cpu()).await;
}

#[wasm_bindgen_test]
async fn training_on_webgpu() {
    training(&webgpu().await).await;
}

#[wasm_bindgen_test]
async fn training_on_the_wasm_cpu() {
    training(&Device::cpu()).await;
}
