//! Tensors from nested arrays and vectors, such as `[[1.0, 2.0], [3.0, 4.0]]`.

use crate::device::{Device, Element};
use crate::tensor::Tensor;
use crate::{Error, Result};

/// Elements nested to any depth in arrays, slices and vectors.
pub trait Nested {
    /// Element type.
    type Element: Element;

    /// Appends the sizes of the dimensions, by the first entry of each.
    fn sizes(&self, sizes: &mut Vec<usize>);

    /// Appends the elements.
    ///
    /// # Errors
    /// The lengths differ from `sizes`.
    fn elements(&self, sizes: &[usize], elements: &mut Vec<Self::Element>) -> Result<()>;
}

macro_rules! innermost {
    ($($element:ty),*) => {$(
        impl Nested for $element {
            type Element = Self;

            fn sizes(&self, _sizes: &mut Vec<usize>) {}

            fn elements(&self, _sizes: &[usize], elements: &mut Vec<Self>) -> Result<()> {
                elements.push(*self);
                Ok(())
            }
        }
    )*};
}

innermost!(bool, u32, i32, i64, f32, f64);

impl<N: Nested> Nested for [N] {
    type Element = N::Element;

    fn sizes(&self, sizes: &mut Vec<usize>) {
        sizes.push(self.len());
        if let Some(first) = self.first() {
            first.sizes(sizes);
        }
    }

    fn elements(&self, sizes: &[usize], elements: &mut Vec<N::Element>) -> Result<()> {
        let (size, rest) = sizes.split_first().map_or((0, sizes), |(size, rest)| (*size, rest));
        if self.len() != size {
            let rule = format!("expected a sequence of length {size}, got one of length {}", self.len());
            return Err(Error::shape("tensor", rule));
        }
        self.iter().try_for_each(|inner| inner.elements(rest, elements))
    }
}

macro_rules! like_slices {
    ($([$($generics:tt)*] $sequence:ty;)*) => {$(
        impl<$($generics)*> Nested for $sequence {
            type Element = N::Element;

            fn sizes(&self, sizes: &mut Vec<usize>) {
                self[..].sizes(sizes);
            }

            fn elements(&self, sizes: &[usize], elements: &mut Vec<N::Element>) -> Result<()> {
                self[..].elements(sizes, elements)
            }
        }
    )*};
}

like_slices! {
    [N: Nested] Vec<N>;
    [N: Nested] &[N];
    [N: Nested, const K: usize] [N; K];
}

impl Tensor {
    /// Creates a tensor from nested arrays or vectors.
    /// [torch.tensor](https://docs.pytorch.org/docs/stable/generated/torch.tensor.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::from_nested(&[[1.0f32, 2.0], [3.0, 4.0], [5.0, 6.0]], &Device::cpu())?;
    /// assert_eq!(x.dims(), [3, 2]);
    /// assert!(Tensor::from_nested(&vec![vec![1], vec![2, 3]], &Device::cpu()).is_err());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Neighboring sequences of different lengths; f64 on a GPU.
    pub fn from_nested<N: Nested + ?Sized>(nested: &N, device: &Device) -> Result<Self> {
        let (mut sizes, mut elements) = (Vec::new(), Vec::new());
        nested.sizes(&mut sizes);
        nested.elements(&sizes, &mut elements)?;
        Self::from_array(N::Element::array(elements), sizes, device)
    }
}
