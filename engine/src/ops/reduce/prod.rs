//! `prod`: Π x over a dimension, or over all elements.

use crate::device::{DType, Element};
use crate::tensor::{Saves, Shape, Tensor, Vjp, is_grad_enabled};
use crate::{Result, shader};

use super::{Reduce, signed};

#[derive(Clone, Debug)]
struct Prod;

impl Reduce for Prod {
    const NAME: &'static str = "prod";
    const WGSL: &'static [&'static str] = shader!("prod");
    const SAVES: Saves = Saves::INPUT;

    fn run<T: Element>(&self, run: &[T], planes: &mut [f64]) {
        planes[0] = run.iter().map(|x| x.to_f64()).product();
    }

    fn run_i64(&self, run: &[i64]) -> Option<i64> {
        Some(run.iter().fold(1, |product, x| product.wrapping_mul(*x)))
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor, dims: &[usize]) -> Result<Tensor> {
        let x = cx.input(0)?;
        grad.mul(&if is_grad_enabled() { product_of_others(&x, dims)? } else { others_by_division(&x, dims)? })
    }
}

/// Computes for each element the product of the others: the product of all divided by it, or, with
/// zeros, the product without them. Not differentiable if a zero was left out.
fn others_by_division(x: &Tensor, dims: &[usize]) -> Result<Tensor> {
    let zero = x.eq_scalar(0.0)?;
    let zeros = zero.sum_dim(&signed(dims), true)?;
    let without = x.masked_fill(&zero, 1.0)?;
    let product = without.reduce(Prod, Some(&signed(dims)), true)?;
    let nothing = x.zeros_like()?;
    let beside_one = zero.where_(&product, &nothing)?;
    let beside_any = zeros.eq_scalar(1.0)?.where_(&beside_one, &nothing)?;
    zeros.eq_scalar(0.0)?.where_(&product.div(&without)?, &beside_any)
}

/// Computes the same by multiplication: n² work, exact and differentiable at zeros.
fn product_of_others(x: &Tensor, dims: &[usize]) -> Result<Tensor> {
    // The reduced dimensions last and merged, n; then n rows, each with a one instead of its own
    // element.
    let mut order: Vec<isize> = (0..x.ndim()).filter(|d| !dims.contains(d)).map(|d| d as isize).collect();
    order.extend(signed(dims));
    let moved = x.permute(&order)?;
    let n = x.count_over(dims);
    let mut sizes: Vec<usize> = moved.dims()[..x.ndim() - dims.len()].to_vec();
    sizes.extend([1, n]);
    let rows = moved.reshape_to(&Shape::from(&sizes))?;
    let index = Tensor::arange(0.0, n as f64, 1.0, (DType::I32, &x.device()))?;
    let own = index.reshape(&[-1, 1])?.eq(&index)?;
    let others = own.where_(&x.ones_like_scalar()?, &rows)?.prod_dims(&[-1])?;
    let mut back = vec![0isize; order.len()];
    order.iter().enumerate().for_each(|(to, from)| back[*from as usize] = to as isize);
    others.reshape_to(moved.shape())?.permute(&back)
}

impl Tensor {
    fn prod_dims(&self, dims: &[isize]) -> Result<Self> {
        self.reduce(Prod, Some(dims), false)
    }

    /// Creates a one without dimensions, of this type and on this device.
    fn ones_like_scalar(&self) -> Result<Self> {
        Self::full(Shape::default(), 1.0, (self.dtype(), &self.device()))
    }

    /// Computes the product over `dim`, which is removed, or kept with size 1; of all elements if
    /// it is `None`. It is 1 for no elements. Products of i64 are i64, those of other integers and
    /// of bools i32. The gradient of a single zero is the product of the others.
    /// [torch.prod](https://docs.pytorch.org/docs/stable/generated/torch.prod.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[2.0_f32, 3.0, 4.0], &cpu)?;
    /// assert_eq!(x.prod(None, false)?.to_string(), "tensor(24.)");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The dimension is out of range.
    pub fn prod(&self, dim: Option<isize>, keepdim: bool) -> Result<Self> {
        let x = if self.dtype().is_float() { self.clone() } else { self.to_dtype(self.dtype().integer())? };
        x.reduce(Prod, dim.as_ref().map(std::slice::from_ref), keepdim)
    }
}
