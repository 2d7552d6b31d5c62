//! Optimizers, learning-rate schedules and gradient clipping, by PyTorch's names and rules.
//! Parameters that step together are slices of one flat value, and so are their gradients and the
//! optimizer's state. An update is then a handful of kernels for any number of parameters. The
//! layer knows no layers and no loops over data.
//!
//! ```
//! use kindling::optim::Sgd;
//! use kindling::{Device, Tensor, block_on};
//! # fn main() -> kindling::Result<()> {
//! let w = Tensor::ones([2], &Device::cpu())?.requires_grad_(true)?;
//! let mut optimizer = Sgd::new([w.clone()], 0.1).momentum(0.9);
//! for _ in 0..2 {
//!     optimizer.zero_grad();
//!     w.mul(&w)?.sum()?.backward()?;
//!     optimizer.step()?;
//! }
//! let w = block_on(w.to_vec::<f32>())?;
//! assert!((w[0] - 0.46).abs() < 1e-6);
//! # Ok(()) }
//! ```

mod flat;
mod optimizer;
mod options;
mod rule;
mod spec;
mod state;

mod adadelta;
mod adagrad;
mod adam;
mod adamax;
mod adamw;
mod muon;
mod nadam;
mod radam;
mod rmsprop;
mod sgd;

mod clip;
pub mod schedule;

pub use clip::{clip_grad_norm_, clip_grad_value_};
pub use muon::AdjustLr;
pub use optimizer::{OptimState, Optimizer};
pub use rule::{Hyperparameters, UpdateRule};
pub use schedule::{Schedule, Scheduler};
pub use state::{ParamState, State, StateValue};

spec::optimizers! {
    /// Stochastic gradient descent.
    sgd::Sgd(SgdOptions): "SGD" or "sgd";
    /// Adam.
    adam::Adam(AdamOptions): "Adam" or "adam";
    /// Adam with decoupled weight decay.
    adamw::AdamW(AdamWOptions): "AdamW" or "adamw";
    /// RMSprop.
    rmsprop::RmsProp(RmsPropOptions): "RMSprop" or "rmsprop";
    /// Adagrad.
    adagrad::Adagrad(AdagradOptions): "Adagrad" or "adagrad";
    /// Adadelta.
    adadelta::Adadelta(AdadeltaOptions): "Adadelta" or "adadelta";
    /// Adamax.
    adamax::Adamax(AdamaxOptions): "Adamax" or "adamax";
    /// Adam with Nesterov momentum.
    nadam::NAdam(NAdamOptions): "NAdam" or "nadam";
    /// Rectified Adam.
    radam::RAdam(RAdamOptions): "RAdam" or "radam";
    /// Muon for matrices and convolutions; AdamW for everything else.
    muon::Muon(MuonOptions): "Muon" or "muon";
}
