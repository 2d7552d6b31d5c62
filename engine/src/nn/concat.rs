//! `Concat`: modules of the same input, whose outputs are concatenated.

use super::module::forward_named;
use super::{Members, Module, Sequential};
use crate::{Result, Tensor};

/// Outputs of several modules for the same input, concatenated along dimension 1: the channels of
/// images (NCHW). A branch that is [`Identity`](super::Identity) passes the input on, as the
/// shortcuts of U-Net and DenseNet do. The members of the branches are under their names.
/// [torch.cat](https://docs.pytorch.org/docs/stable/generated/torch.cat.html)
///
/// ```
/// use kindling::nn::{Concat, Conv2d, Identity, Module, Sequential};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let grow = Concat::new(Sequential::new().push(Identity::default()).push(Conv2d::new(3, 5, 1, &cpu)?));
/// assert_eq!(grow.forward(&Tensor::zeros([2, 3, 8, 8], &cpu)?)?.dims(), [2, 8, 8, 8]);
/// assert_eq!(grow.named_parameters()[0].0, "1.weight");
/// # Ok::<(), kindling::Error>(())
/// ```
pub struct Concat {
    branches: Sequential,
}

impl Concat {
    /// Creates a block of the modules of a sequence, and their names.
    pub fn new(branches: Sequential) -> Self {
        Self { branches }
    }
}

impl Module for Concat {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let outputs: Result<Vec<Tensor>> =
            self.branches.iter().map(|(name, module)| forward_named(name, module, input)).collect();
        Tensor::cat(&outputs?.iter().collect::<Vec<_>>(), 1)
    }

    fn members<'a>(&'a self, to: &mut Members<'a>) {
        self.branches.members(to);
    }
}
