//! Benchmarks of the comparison with other engines: the workloads W1 to W6 with their data,
//! parameters and optimizers. One step at a time; the module knows no clock.

mod numbers;

pub use numbers::Recipe;

use kindling::nn::Module;
use kindling::optim::{AdamOptions, Optimizer, OptimizerSpec, SgdOptions, UpdateRule};
use kindling::train::model::preset;
use kindling::train::{Model, ModelSpec};
use kindling::{Device, Error, Result, Tensor, no_grad};
use numbers::Numbers;

/// Names of the workloads; a number after `b` is a batch size, one after `n` the size of a matrix.
pub const WORKLOADS: [&str; 9] = ["W1b4", "W1b128", "W2b32", "W2b128", "W3b128", "W4n512", "W4n1024", "W5", "W6b32"];

/// A workload, ready for its next step.
///
/// ```
/// use kindling_bench::{Bench, Recipe};
/// use kindling::{Device, block_on};
/// # fn main() -> kindling::Result<()> {
/// let mut bench = Bench::new("W1b4", Recipe::Native, &Device::cpu())?;
/// let loss = block_on(bench.step()?.item())?;
/// assert!((loss - 2.30127).abs() < 1e-5); // PyTorch's
/// # Ok(()) }
/// ```
pub struct Bench(Work);

enum Work {
    /// Training of a network on one batch: W1, W2, W3, W6.
    Training { model: Model, x: Tensor, y: Tensor, optimizer: Optimizer<Box<dyn UpdateRule>> },
    /// Product x ← a·x: W4.
    Product { a: Tensor, x: Tensor },
    /// Chain of pointwise operations: W5.
    Chain { a: Tensor, b: Tensor, c: Tensor, recipe: Recipe },
}

/// Model text of a perceptron for MNIST's images.
const PERCEPTRON: &str = "
    fc1: Linear(784, 512)
    ReLU()
    fc2: Linear(512, 512)
    ReLU()
    fc3: Linear(512, 10)
";

/// Number of elements of W5's operands.
const CHAIN: usize = 1 << 22;

impl Bench {
    /// Creates a workload by name, with the numbers of a recipe. `name` may omit the batch size
    /// where the other engines' pages do (`W3`, `W6`).
    ///
    /// # Errors
    /// The name is unknown; the device cannot compute.
    pub fn new(name: &str, recipe: Recipe, device: &Device) -> Result<Self> {
        let unknown = || {
            let known = WORKLOADS.join(", ");
            Error::value("bench", format!("there is no workload '{name}'; known are {known}"))
        };
        let (kind, rest) = name.split_at_checked(2).ok_or_else(unknown)?;
        let size = |letter: char, default: Option<usize>| match rest {
            "" => default,
            rest => rest.strip_prefix(letter).and_then(|n| n.parse().ok()).filter(|n| (1..=4096).contains(n)),
        };
        let mut numbers = Numbers::new(recipe);
        let sgd = |lr, weight_decay| {
            OptimizerSpec::Sgd(SgdOptions { lr, momentum: 0.9, weight_decay, ..SgdOptions::default() })
        };
        let adam = OptimizerSpec::Adam(AdamOptions::default());
        let image = [3, 32, 32];
        let (model, optimizer, batch) = match kind {
            "W1" => (preset("cifar-intro", &image, 10)?, sgd(1e-3, 0.0), size('b', None)),
            "W2" => (preset("vgg-small", &image, 10)?, adam, size('b', None)),
            "W3" => (ModelSpec::from_text("perceptron", &[784], PERCEPTRON)?, adam, size('b', Some(128))),
            "W4" => return Self::product(size('n', None).ok_or_else(unknown)?, &mut numbers, device),
            "W5" if rest.is_empty() => return Self::chain(recipe, &mut numbers, device),
            "W6" => {
                let lr = if recipe == Recipe::Native { 0.1 } else { 0.01 };
                (preset("resnet8", &image, 10)?, sgd(lr, 5e-4), size('b', Some(32)))
            }
            _ => return Err(unknown()),
        };
        Self::training(&model, &optimizer, batch.ok_or_else(unknown)?, &mut numbers, (recipe, device))
    }

    fn training(
        spec: &ModelSpec,
        optimizer: &OptimizerSpec,
        batch: usize,
        numbers: &mut Numbers,
        (recipe, device): (Recipe, &Device),
    ) -> Result<Self> {
        let shape: Vec<usize> = std::iter::once(batch).chain(spec.input.iter().copied()).collect();
        let bound = if recipe == Recipe::Native { 3f64.sqrt() } else { 1.0 };
        let x = Tensor::from_slice(&numbers.uniform(1, shape.iter().product(), bound), shape, device)?;
        let y = Tensor::from_slice(&numbers.classes(batch), [batch], device)?;
        let model = spec.build(device)?;
        // A weight and the bias that follows it are drawn from ±1/√(inputs); those of norms stay 1
        // and 0.
        let mut inputs = None;
        for (seed, (name, parameter)) in (100..).zip(model.named_parameters()) {
            let of_weight = (parameter.ndim() > 1).then(|| parameter.numel() / parameter.dims()[0]);
            inputs = of_weight.or(inputs.filter(|_| name.ends_with("bias")));
            let Some(inputs) = inputs else { continue };
            let drawn = numbers.uniform(seed, parameter.numel(), 1.0 / (inputs as f64).sqrt());
            let drawn = Tensor::from_slice(&drawn, parameter.shape().clone(), device)?;
            no_grad(|| parameter.copy_(&drawn))?;
        }
        device.flush()?;
        let optimizer = optimizer.build(model.parameters())?;
        Ok(Self(Work::Training { model, x, y, optimizer }))
    }

    fn product(n: usize, numbers: &mut Numbers, device: &Device) -> Result<Self> {
        let a = Tensor::from_slice(&numbers.uniform(11, n * n, (3.0 / n as f64).sqrt()), [n, n], device)?;
        let x = Tensor::from_slice(&numbers.uniform(12, n * n, 1.0), [n, n], device)?;
        Ok(Self(Work::Product { a, x }))
    }

    fn chain(recipe: Recipe, numbers: &mut Numbers, device: &Device) -> Result<Self> {
        let mut draw = |seed| Tensor::from_slice(&numbers.uniform(seed, CHAIN, 1.0), [CHAIN], device);
        Ok(Self(Work::Chain { a: draw(21)?, b: draw(22)?, c: draw(23)?, recipe }))
    }

    /// Runs one step, everything executed or submitted; returns the step's loss, a tensor of one
    /// element, unread.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn step(&mut self) -> Result<Tensor> {
        match &mut self.0 {
            Work::Training { model, x, y, optimizer } => {
                optimizer.zero_grad();
                let loss = model.forward(x)?.cross_entropy(y)?;
                loss.backward()?;
                optimizer.step()?;
                Ok(loss.detach())
            }
            Work::Product { a, x } => {
                *x = a.matmul(x)?;
                x.device().flush()?;
                x.narrow(0, 0, 1)?.narrow(1, 0, 1)
            }
            Work::Chain { a, b, c, recipe } => {
                let sum = a.mul(b)?.add(c)?.relu()?.mul_scalar(0.5)?.add(&a.tanh()?)?;
                let y = if *recipe == Recipe::Native { sum } else { sum.sub(b)?.mul(c)? };
                y.device().flush()?;
                let last = y.narrow(0, CHAIN as isize - 1, 1)?;
                if *recipe == Recipe::Web {
                    *a = y;
                }
                Ok(last)
            }
        }
    }

    /// Returns `true` if the loss of every step is read, not only that of the last.
    pub fn reads_every_step(&self) -> bool {
        matches!(self.0, Work::Chain { recipe: Recipe::Native, .. })
    }
}
