//! Loading a model from PyTorch: a state dict of `torch.save`, read without executing anything in
//! it, and the way back as a safetensors file.
//!
//! `cargo run -p kindling --example 07_load_pytorch -- FILE`
//!
//! FILE is a state dict of the network below: `torch.save(net.state_dict(), "net.pt")`, or the same
//! as `.safetensors`. Without it the example reads one that the repository has for its tests.

use std::path::{Path, PathBuf};

use kindling::format::{TensorFile, files};
use kindling::nn::{BatchNorm2d, Conv2d, Linear, Module, ReLU, Sequential, StateDict, members};
use kindling::{Device, Result, Tensor, block_on, no_grad};

/// The network as PyTorch has it:
///
/// ```python
/// class Net(nn.Module):
///     def __init__(self):
///         super().__init__()
///         self.conv1 = nn.Conv2d(1, 3, 3)
///         self.bn1 = nn.BatchNorm2d(3)
///         self.features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
///         self.fc = nn.Linear(16, 5)
///
///     def forward(self, x):
///         return self.fc(self.features(torch.relu(self.bn1(self.conv1(x)))).flatten(1))
/// ```
struct Net {
    conv1: Conv2d,
    bn1: BatchNorm2d,
    features: Sequential,
    fc: Linear,
}

impl Net {
    fn new(device: &Device) -> Result<Self> {
        Ok(Self {
            conv1: Conv2d::new(1, 3, 3, device)?,
            bn1: BatchNorm2d::new(3, device)?,
            features: Sequential::new().push(Conv2d::new(3, 4, 3, device)?).push(ReLU::default()),
            fc: Linear::new(16, 5, device)?,
        })
    }
}

impl Module for Net {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = x.apply(&self.conv1)?.apply(&self.bn1)?.relu()?;
        x.apply(&self.features)?.flatten(1, -1)?.apply(&self.fc)
    }

    members!(conv1, bn1, features, fc);
}

fn main() -> Result<()> {
    let path = std::env::args().nth(1).map_or_else(sample, PathBuf::from);
    run(&path, &Device::cpu())?;
    Ok(())
}

/// Returns the path of a file that `tests/data/weights/generate.py` has written with PyTorch.
pub fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/weights/plain.pt")
}

/// Loads a state dict, and returns the network's results for two images.
pub fn run(path: &Path, device: &Device) -> Result<Vec<f32>> {
    let name = path.display().to_string();
    let file = TensorFile::from_any(&files::read(path)?, &name)?;
    println!("{name}:");
    for (name, tensor) in &file.tensors {
        println!("  {name:28} {:?} {}", &*tensor.shape, tensor.data.dtype());
    }

    // Names and shapes must match, or the error lists what differs and nothing changes.
    let net = Net::new(device)?;
    let tensors = file.tensors.iter().map(|(name, tensor)| Ok((name.clone(), tensor.to_tensor(device)?)));
    net.load_state_dict(&StateDict::from_iter(tensors.collect::<Result<Vec<_>>>()?))?;
    net.eval(); // Batch norm with its running statistics, as `net.eval()` in PyTorch.

    let pixels: Vec<f32> = (0..72).map(|i| (i % 17) as f32 / 16.0).collect();
    let logits = no_grad(|| net.forward(&Tensor::from_slice(&pixels, [2, 1, 6, 6], device)?))?;
    println!("logits = {logits}");

    // The way back: `safetensors.torch.load_file` reads these bytes with the same names.
    let mut saved = TensorFile::default();
    block_on(saved.extend(net.state_dict()?))?;
    println!("as safetensors: {} tensors in {} bytes", saved.tensors.len(), saved.to_bytes()?.len());
    logits.blocking_to_vec()
}
