//! `Muon`: momentum orthogonalized, matrix by matrix, by Newton–Schulz iterations.

use serde::{Deserialize, Serialize};

use super::rule::{self, average, numbers};
use super::{Optimizer, State, UpdateRule, flat};
use crate::tensor::Shape;
use crate::{Error, Result, Tensor};

/// Hyper-parameters of [`Muon`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MuonOptions {
    /// Learning rate.
    pub lr: f64,
    /// Decoupled weight decay, 0.1 by default.
    pub weight_decay: f64,
    /// Momentum factor, 0.95 by default.
    pub momentum: f64,
    /// Nesterov momentum; `true` by default.
    pub nesterov: bool,
    /// Coefficients a, b, c of an iteration X ← aX + (bA + cA²)X with A = XXᵀ.
    pub ns_coefficients: [f64; 3],
    /// Minimum norm by which a matrix is divided, 1e-7 by default.
    pub eps: f64,
    /// Number of iterations, 5 by default.
    pub ns_steps: usize,
    /// Adjustment of the learning rate to the shape.
    pub adjust_lr_fn: AdjustLr,
}

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

impl Default for MuonOptions {
    fn default() -> Self {
        Self {
            lr: 1e-3,
            weight_decay: 0.1,
            momentum: 0.95,
            nesterov: true,
            ns_coefficients: [3.4445, -4.775, 2.0315],
            eps: 1e-7,
            ns_steps: 5,
            adjust_lr_fn: AdjustLr::Original,
        }
    }
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

impl Muon {
    /// Creates an optimizer of these parameters with a learning rate.
    pub fn new(parameters: impl IntoIterator<Item = Tensor>, lr: f64) -> Self {
        Self::with_rule(parameters, MuonOptions { lr, ..MuonOptions::default() })
    }

    /// Sets the momentum factor, 0.95 by default.
    #[must_use]
    pub fn momentum(self, momentum: f64) -> Self {
        self.with(|rule| rule.momentum = momentum)
    }

    /// Sets the decoupled weight decay, 0.1 by default.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        self.with(|rule| rule.weight_decay = weight_decay)
    }

    /// Sets the adjustment of the learning rate to the shape.
    #[must_use]
    pub fn adjust_lr_fn(self, adjust: AdjustLr) -> Self {
        self.with(|rule| rule.adjust_lr_fn = adjust)
    }
}

numbers!(MuonOptions, Muon, momentum = momentum);

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
