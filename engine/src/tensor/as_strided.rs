//! The view that any layout makes: what a view of a tensor becomes after the tensor was changed in place, as
//! PyTorch regenerates it. It knows layouts; the scattering of its gradient is an operation.

use super::{Function, Layout, Saves, Shape, Tensor, Vjp};
use crate::Result;

/// `output[i, j, …] = input.flatten()[offset + i·strides[0] + …]`.
pub struct AsStrided {
    layout: Layout,
    name: &'static str,
}

impl AsStrided {
    /// The view through `layout` of a contiguous tensor.
    pub fn new(layout: Layout) -> Self {
        Self::named("as_strided", layout)
    }

    /// The same under the name of the operation that it is: slice, select, narrow.
    pub fn named(name: &'static str, layout: Layout) -> Self {
        Self { layout, name }
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
        // Elements that share memory, along strides of zero, add up their gradients.
        let shared = (0..self.layout.shape.len()).filter(|d| self.layout.strides[*d] == 0);
        let shared: Vec<isize> = shared.map(|d| d as isize).collect();
        let mut layout = self.layout.clone();
        for d in &shared {
            layout.shape.sizes_mut()[*d as usize] = 1;
        }
        let grad = if shared.is_empty() { grad.clone() } else { grad.sum_dim(&shared, true)? };
        let zeros = Tensor::zeros(cx.shape(0).clone(), (grad.dtype(), &grad.device()))?;
        Ok(vec![Some(zeros.as_strided_scatter(&grad, &Layout { shape: Shape::from(grad.dims()), ..layout })?)])
    }
}
