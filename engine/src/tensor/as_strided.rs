//! Views through any layout: PyTorch regenerates a view this way after its base was changed in
//! place. The module knows layouts; scattering the gradient is an operation.

use super::{Function, Layout, Saves, Shape, Tensor, Vjp};
use crate::Result;

/// Computes `output[i, j, …] = memory[offset + i·strides[0] + j·strides[1] + …]`.
pub struct AsStrided {
    name: &'static str,
    layout: Layout,
    /// Layout of the input in its memory, and that memory's length; `None` if the input is
    /// contiguous and is all of it.
    input: Option<(Layout, usize)>,
}

impl AsStrided {
    /// Creates a view through `layout` of a contiguous tensor.
    pub fn new(layout: Layout) -> Self {
        Self::named("as_strided", layout)
    }

    /// Creates the same view under the name of the operation that takes it.
    pub fn named(name: &'static str, layout: Layout) -> Self {
        Self { name, layout, input: None }
    }

    /// Creates a view through `layout` of the storage of `tensor`.
    pub(crate) fn of_storage(layout: Layout, tensor: &Tensor) -> Self {
        let whole = tensor.is_whole_storage();
        Self { name: "as_strided", layout, input: (!whole).then(|| (tensor.layout().clone(), tensor.storage_len())) }
    }
}

impl Function for AsStrided {
    fn name(&self) -> &'static str {
        self.name
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        // Elements that share memory (strides of zero) accumulate their gradients.
        let shared = (0..self.layout.shape.len()).filter(|d| self.layout.strides[*d] == 0);
        let shared: Vec<isize> = shared.map(|d| d as isize).collect();
        let mut layout = self.layout.clone();
        for d in &shared {
            layout.shape.sizes_mut()[*d as usize] = 1;
        }
        let grad = if shared.is_empty() { grad.clone() } else { grad.sum_dim(&shared, true)? };
        let layout = Layout { shape: Shape::from(grad.dims()), ..layout };
        let shape = self.input.as_ref().map_or_else(|| cx.shape(0).clone(), |(_, len)| Shape::from(*len));
        let scattered = Tensor::zeros(shape, (grad.dtype(), &grad.device()))?.as_strided_scatter(&grad, &layout)?;
        Ok(vec![Some(match &self.input {
            Some((input, _)) => scattered.view_as_function(Self::new(input.clone()), input.clone()),
            None => scattered,
        })])
    }
}
