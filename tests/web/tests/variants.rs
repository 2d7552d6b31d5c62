//! Kernels of products in the browser, whose compiler is stricter than naga. They compile there,
//! with subgroups if the adapter has them, and agree with the CPU.
#![cfg(target_arch = "wasm32")]

use kindling::autograd::{Backward, grad};
use kindling::device::AdapterKind;
use kindling::ops::{Conv2dOptions, Padding};
use kindling::tuning::{Variant, set_variant};
use kindling::{Device, Result, Tensor};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen(inline_js = "
    // As in public/worker.js; browsers differ in their adapters' subgroups.
    export function ask_for_subgroups() {
        if (!GPUAdapter.prototype.requestDevice.asks) {
            const { requestDevice } = GPUAdapter.prototype;
            GPUAdapter.prototype.requestDevice = function (asked = {}) {
                self.subgroups = this.features.has('subgroups');
                const more = self.subgroups ? ['subgroups'] : [];
                return requestDevice.call(this, { ...asked, requiredFeatures: [...(asked.requiredFeatures ?? []), ...more] });
            };
            GPUAdapter.prototype.requestDevice.asks = true;
        }
    }
    export const has_subgroups = () => self.subgroups === true;
")]
extern "C" {
    fn ask_for_subgroups();
    fn has_subgroups() -> bool;
}

/// Returns pseudo-random numbers between −1 and 1, the same everywhere.
fn numbers(shape: &[usize], seed: usize, device: &Device) -> Result<Tensor> {
    let next = |i: usize| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0;
    let data: Vec<f32> = (0..shape.iter().product()).map(next).collect();
    Tensor::from_slice(&data, shape.to_vec(), device)?.requires_grad_(true)
}

/// Runs a layer, a strided product and a convolution, with their gradients: all operands of
/// products.
async fn run(device: &Device) -> Result<Vec<f32>> {
    let shapes: [&[usize]; 6] = [&[37, 41], &[70, 41], &[70], &[2, 5, 9, 8], &[35, 5, 3, 3], &[35]];
    let inputs: Result<Vec<Tensor>> = shapes.iter().enumerate().map(|(i, s)| numbers(s, i + 1, device)).collect();
    let [x, weight, bias, image, filters, shift] = &inputs?[..] else { return Ok(Vec::new()) };
    let padded = Conv2dOptions { padding: Padding::Explicit([1, 1]), ..Default::default() };
    let outputs = [
        x.linear(weight, Some(bias))?,
        x.t()?.matmul(&weight.slice(0, Some(0), Some(37), 1)?)?,
        image.conv2d(filters, Some(shift), &padded)?,
    ];
    let mut found = Vec::new();
    for (output, of) in outputs.iter().zip([&[x, weight, bias][..], &[x, weight], &[image, filters, shift]]) {
        let grads = grad(&[(output, Some(&output.detach()))], of, &Backward::default(), false)?;
        for tensor in [output].into_iter().chain(grads.iter().flatten()) {
            found.extend(tensor.to_vec::<f32>().await?);
        }
    }
    Ok(found)
}

#[wasm_bindgen_test]
async fn every_kernel_compiles_and_is_right() -> Result<()> {
    ask_for_subgroups();
    let want = run(&Device::cpu()).await?;
    let size = want.iter().fold(0.0f32, |size, x| size.max(x.abs()));
    for variant in Variant::ALL {
        // Plans are cached by device.
        let device = Device::gpu().await?;
        if let Device::Gpu(gpu) = &device
            && has_subgroups()
        {
            gpu.describe("of the test", AdapterKind::Software);
            gpu.has_subgroups();
        }
        set_variant(Some(variant));
        let got = run(&device).await;
        set_variant(None);
        let got = got?;
        assert_eq!(got.len(), want.len());
        for (i, (got, want)) in got.iter().zip(&want).enumerate() {
            assert!((got - want).abs() <= 1e-5 * size, "{variant:?}: element {i} is {got}, not {want}");
        }
    }
    console_log!("subgroups: {}", has_subgroups());
    Ok(())
}
