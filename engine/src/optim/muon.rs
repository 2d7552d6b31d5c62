//! `Muon`: momentum orthogonalized, matrix by matrix, by Newton–Schulz iterations.

use serde::{Deserialize, Serialize};

use super::options::options;
use super::rule::{self, average};
use super::{Optimizer, State, UpdateRule, flat};
use crate::tensor::Shape;
use crate::{Error, Result, Tensor};

/// Adjustment of the learning rate for a matrix of A rows and B columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjustLr {
    /// Factor √max(1, A/B).
    #[default]
    Original,
    /// Factor 0.2·√max(A, B): step sizes match AdamW's, so that its learning rates apply.
    MatchRmsAdamw,
}

/// Muon: b ← μb + (1 − μ)g; u = nesterov ? (1 − μ)g + μb : b; θ ← (1 − ηλ)θ − η'·orthogonalize(u).
/// For matrices; a convolution's weight is treated as one of `out_channels` rows. Other parameters
/// need another optimizer.
/// [torch.optim.Muon](https://docs.pytorch.org/docs/stable/generated/torch.optim.Muon.html)
///
/// ```
/// use kindling::optim::Muon;
/// use kindling::{Device, Tensor};
/// let x = Tensor::from_nested(&[[1.0_f32, 2.0], [3.0, 4.0]], &Device::cpu())?.requires_grad_(true)?;
/// let mut optimizer = Muon::new([x.clone()], 0.1);
/// x.square()?.sum()?.backward()?;
/// optimizer.step()?;
/// assert_ne!(x.detach().to_string(), "tensor([[1., 2.],\n        [3., 4.]])");
/// # Ok::<(), kindling::Error>(())
/// ```
pub type Muon = Optimizer<MuonOptions>;

options! {
    Muon(MuonOptions), momentum = momentum;

    /// Learning rate.
    lr: f64 = 1e-3;
    /// Decoupled weight decay.
    .weight_decay: f64 = 0.1;
    /// Momentum factor.
    .momentum: f64 = 0.95;
    /// Nesterov momentum.
    nesterov: bool = true;
    /// Coefficients a, b, c of an iteration X ← aX + (bA + cA²)X with A = XXᵀ.
    ns_coefficients: [f64; 3] = [3.4445, -4.775, 2.0315];
    /// Minimum norm by which a matrix is divided.
    eps: f64 = 1e-7;
    /// Number of iterations.
    ns_steps: usize = 5;
    /// Adjustment of the learning rate to the shape.
    .adjust_lr_fn: AdjustLr = AdjustLr::Original;
}

impl UpdateRule for MuonOptions {
    fn names(&self) -> &'static [&'static str] {
        &["momentum_buffer"]
    }

    fn check(&self) -> Result<()> {
        rule::not_negative("Muon", &[("lr", self.lr), ("momentum", self.momentum), ("weight_decay", self.weight_decay)])
    }

    fn update(&self, param: &Tensor, grad: &Tensor, shapes: &[Shape], state: &mut State) -> Result<Tensor> {
        if let Some(shape) = shapes.iter().find(|shape| shape.len() < 2) {
            let rule =
                format!("only matrices can be made orthogonal, got a parameter of shape {shape}; give it to AdamW");
            return Err(Error::shape("Muon", rule));
        }
        let buffer = average(&state.get_or("momentum_buffer", 0.0, param)?, grad, self.momentum)?;
        state.set("momentum_buffer", &buffer);
        let direction = if self.nesterov { average(&buffer, grad, self.momentum)? } else { buffer };
        let mut offset = 0;
        let mut steps = Vec::with_capacity(shapes.len());
        for shape in shapes {
            let (rows, columns) = (shape[0], shape.numel() / shape[0].max(1));
            let matrix = flat::part(&direction, offset, &Shape::from([rows, columns]))?;
            let step = if shape.numel() == 0 { matrix } else { self.orthogonal(&matrix)? };
            steps.push(step.mul_scalar(self.lr * self.adjustment(rows, columns))?);
            offset += shape.numel();
        }
        let kept = if self.weight_decay == 0.0 {
            param.clone()
        } else {
            param.mul_scalar(1.0 - self.lr * self.weight_decay)?
        };
        kept.sub(&flat::join(&steps)?)
    }
}

impl MuonOptions {
    fn adjustment(&self, rows: usize, columns: usize) -> f64 {
        match self.adjust_lr_fn {
            AdjustLr::Original => (rows as f64 / columns as f64).max(1.0).sqrt(),
            AdjustLr::MatchRmsAdamw => 0.2 * (rows.max(columns) as f64).sqrt(),
        }
    }

    /// Returns a matrix with nearly the singular vectors of this one and singular values near 1.
    fn orthogonal(&self, matrix: &Tensor) -> Result<Tensor> {
        let tall = matrix.dims()[0] > matrix.dims()[1];
        let [a, b, c] = self.ns_coefficients;
        let mut x = if tall { matrix.t()? } else { matrix.clone() };
        let norm = x.mul(&x)?.sum()?.sqrt()?.clamp(Some(self.eps), None)?;
        x = x.div(&norm)?;
        for _ in 0..self.ns_steps {
            let gram = x.matmul(&x.t()?)?;
            let inner = gram.mul_scalar(b)?.add(&gram.matmul(&gram)?.mul_scalar(c)?)?;
            x = x.mul_scalar(a)?.add(&inner.matmul(&x)?)?;
        }
        if tall { x.t() } else { Ok(x) }
    }
}
