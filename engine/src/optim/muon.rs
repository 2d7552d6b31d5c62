//! `Muon`: momentum whose direction is made orthogonal, matrix by matrix, by Newton-Schulz iterations.

use serde::{Deserialize, Serialize};

use super::rule::{self, average, numbers};
use super::{Optimizer, Rule, State, flat};
use crate::tensor::Shape;
use crate::{Error, Result, Tensor};

/// Hyper-parameters of [`Muon`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MuonOptions {
    /// Learning rate.
    pub lr: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// How much of the average is kept.
    pub momentum: f64,
    /// Nesterov's look-ahead.
    pub nesterov: bool,
    /// The coefficients a, b, c of an iteration X ← aX + (bA + cA²)X with A = XXᵀ.
    pub ns_coefficients: [f64; 3],
    /// The least norm by which a matrix is divided.
    pub eps: f64,
    /// How many iterations.
    pub ns_steps: usize,
    /// How the learning rate depends on the shape.
    pub adjust_lr_fn: AdjustLr,
}

/// How the learning rate of a matrix of A rows and B columns is adjusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjustLr {
    /// √max(1, A/B).
    #[default]
    Original,
    /// 0.2·√max(A, B): steps as large as AdamW's, so that its learning rates serve.
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

/// b ← μb + (1 − μ)g; u = nesterov ? (1 − μ)g + μb : b; θ ← (1 − ηλ)θ − η'·orthogonalize(u). For matrices; a
/// convolution's weight counts as one of `out_channels` rows. Others belong to another optimizer.
/// [torch.optim.Muon](https://docs.pytorch.org/docs/stable/generated/torch.optim.Muon.html)
pub type Muon = Optimizer<MuonOptions>;

impl Muon {
    /// Over these parameters, at a learning rate.
    pub fn new(parameters: impl IntoIterator<Item = Tensor>, lr: f64) -> Self {
        Self::of(parameters, MuonOptions { lr, ..MuonOptions::default() })
    }

    /// How much of the average is kept; 0.95 by default.
    #[must_use]
    pub fn momentum(self, momentum: f64) -> Self {
        self.with(|rule| rule.momentum = momentum)
    }

    /// Decoupled weight decay; 0.1 by default.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        self.with(|rule| rule.weight_decay = weight_decay)
    }

    /// How the learning rate depends on the shape.
    #[must_use]
    pub fn adjust_lr_fn(self, adjust: AdjustLr) -> Self {
        self.with(|rule| rule.adjust_lr_fn = adjust)
    }
}

numbers!(MuonOptions, Muon, momentum = momentum);

impl Rule for MuonOptions {
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

    /// A matrix with nearly the singular vectors of this one and singular values near 1.
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
