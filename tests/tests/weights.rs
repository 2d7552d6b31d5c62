//! State dicts that PyTorch wrote: they are matched to a model by names and shapes, and give PyTorch's numbers; what
//! does not match is listed, and what could run code is refused.
#![cfg(not(target_arch = "wasm32"))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use std::collections::BTreeMap;
use std::path::PathBuf;

use kindling::format::{ModelFile, TensorFile};
use kindling::nn::Module;
use kindling::train::{ModelSpec, load_model, weights};
use kindling::{Device, Tensor, block_on, no_grad};
use proptest::prelude::*;

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/weights").join(name)).unwrap()
}

fn tensors(name: &str) -> Result<TensorFile, String> {
    TensorFile::from_any(&bytes(name), name).map_err(|error| error.to_string())
}

fn spec() -> ModelSpec {
    ModelSpec::from_text("net", &[1, 6, 6], std::str::from_utf8(&bytes("net.txt")).unwrap()).unwrap()
}

#[test]
fn state_dicts_of_pytorch_give_pytorchs_logits() {
    let logits: BTreeMap<String, Vec<f32>> = serde_json::from_slice(&bytes("logits.json")).unwrap();
    assert_eq!(logits.len(), 10);
    let input: Vec<f32> = (0..72).map(|i| (i % 17) as f32 / 16.0).collect();
    let input = Tensor::from_slice(&input, [2, 1, 6, 6], &Device::cpu()).unwrap();
    for (name, want) in logits {
        let file = weights::with_spec(&spec(), &tensors(&name).unwrap()).unwrap();
        // A model file of it is read back, and says that its tensors are PyTorch's.
        let written = file.to_bytes().unwrap();
        assert_eq!(TensorFile::from_bytes(&written, "m").unwrap().metadata["format"], "pt");
        let model = load_model(&ModelFile::from_bytes(&written, "m").unwrap(), &Device::cpu()).unwrap();
        model.eval();
        let got = block_on(no_grad(|| model.forward(&input)).unwrap().to_vec::<f32>()).unwrap();
        assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-5), "{name}: {got:?}, PyTorch {want:?}");
        // Fine-tuning begins with the same.
        let fresh = spec().build(&Device::cpu()).unwrap();
        weights::load(&fresh, &tensors(&name).unwrap()).unwrap();
        fresh.eval();
        let tuned = block_on(no_grad(|| fresh.forward(&input)).unwrap().to_vec::<f32>()).unwrap();
        assert_eq!(tuned, got, "{name}");
    }
}

#[test]
fn layers_as_text_find_their_input() {
    let text = "conv1: Conv2d(1, 3, 3)\nReLU()\nFlatten()\nfc: Linear(2028, 5)";
    let layers = ModelSpec::from_text("net", &[1], text).unwrap();
    let built = ModelSpec { input: vec![1, 28, 28], ..layers.clone() }.build(&Device::cpu()).unwrap();
    let mut file = TensorFile::default();
    block_on(file.extend(built.state_dict().unwrap())).unwrap();
    assert_eq!(weights::with_layers(&layers, None, &file).unwrap().info.input, [1, 28, 28]);
    let preset = kindling::train::model::preset("cifar-intro", &[3, 32, 32], 7).unwrap();
    let mut file = TensorFile::default();
    block_on(file.extend(preset.build(&Device::cpu()).unwrap().state_dict().unwrap())).unwrap();
    let found = weights::with_preset("cifar-intro", None, &file).unwrap();
    assert_eq!((found.info.input, found.info.classes.len()), (vec![3, 32, 32], 7));
}

#[test]
fn mismatches_are_listed_with_both_shapes() {
    let mut file = tensors("plain.pt").unwrap();
    let weight = file.tensors.remove("fc.weight").unwrap();
    file.tensors.insert("head.weight".into(), weight);
    let other =
        ModelSpec::from_text("net", &[1, 6, 6], "conv1: Conv2d(1, 7, 3)\nFlatten()\nfc: Linear(112, 5)").unwrap();
    let error = weights::with_spec(&other, &file).unwrap_err().to_string();
    for part in [
        "conv1.weight: [7, 1, 3, 3] in the model, [3, 1, 3, 3] in the file",
        "fc.weight: [5, 112] in the model, not in the file",
        "bn1.bias: not in the model, [3] in the file",
    ] {
        assert!(error.contains(part), "{part} is missing in: {error}");
    }
}

#[test]
fn files_that_could_run_code_or_lie_are_refused() {
    for (name, part) in [("code.pt", "system"), ("module.pt", "__main__.Net")] {
        let error = tensors(name).unwrap_err();
        assert!(error.contains(part) && error.contains("state_dict"), "{error}");
    }
    let error = TensorFile::from_bytes(&bytes("plain.pt"), "plain.pt").unwrap_err().to_string();
    assert!(error.contains("torch.save") && error.contains("save_file"), "{error}");
    let error = ModelFile::from_tensors(tensors("plain.pt").unwrap(), "plain.pt").unwrap_err().to_string();
    assert!(error.contains("without the layers"), "{error}");
}

proptest! {
    #[test]
    fn damaged_files_of_pytorch_never_panic(at in 0usize..6000, byte in any::<u8>(), cut in 0usize..6000) {
        for name in ["plain.pt", "legacy.pth", "checkpoint.pth"] {
            let mut damaged = bytes(name);
            let len = damaged.len();
            damaged[at % len] = byte;
            let _ = TensorFile::from_any(&damaged, name);
            damaged.truncate(cut % len);
            prop_assert!(TensorFile::from_any(&damaged, name).is_err());
        }
    }
}
