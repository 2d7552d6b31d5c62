//! `+ - * /` and unary `-` between tensors, and between a tensor and a number on either side. They
//! return a `Result`, as every operation does: `((&a + &b)? * 2.0)?`.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::Result;
use crate::tensor::Tensor;

macro_rules! operator {
    ($trait:ident $call:ident, $tensors:ident, $number:ident, $number_first:ident) => {
        operator!(@ $trait $call (&Tensor) (&Tensor) |x, y| Tensor::$tensors(x, y));
        operator!(@ $trait $call (&Tensor) (Tensor) |x, y| Tensor::$tensors(x, &y));
        operator!(@ $trait $call (Tensor) (&Tensor) |x, y| Tensor::$tensors(&x, y));
        operator!(@ $trait $call (Tensor) (Tensor) |x, y| Tensor::$tensors(&x, &y));
        operator!(@ $trait $call (&Tensor) (f64) |x, y| Tensor::$number(x, y));
        operator!(@ $trait $call (Tensor) (f64) |x, y| Tensor::$number(&x, y));
        operator!(@ $trait $call (f64) (&Tensor) |x, y| Tensor::$number_first(y, x));
        operator!(@ $trait $call (f64) (Tensor) |x, y| Tensor::$number_first(&y, x));
    };
    (@ $trait:ident $call:ident ($left:ty) ($right:ty) |$x:ident, $y:ident| $body:expr) => {
        impl $trait<$right> for $left {
            type Output = Result<Tensor>;

            fn $call(self, other: $right) -> Result<Tensor> {
                let ($x, $y) = (self, other);
                $body
            }
        }
    };
}

operator!(Add add, add, add_scalar, add_scalar);
operator!(Sub sub, sub, sub_scalar, rsub_scalar);
operator!(Mul mul, mul, mul_scalar, mul_scalar);
operator!(Div div, div, div_scalar, rdiv_scalar);

impl Neg for &Tensor {
    type Output = Result<Tensor>;

    fn neg(self) -> Result<Tensor> {
        Tensor::neg(self)
    }
}

impl Neg for Tensor {
    type Output = Result<Tensor>;

    fn neg(self) -> Result<Tensor> {
        Tensor::neg(&self)
    }
}
