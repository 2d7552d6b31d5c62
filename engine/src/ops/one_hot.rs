//! `one_hot`: a class as a row of zeros with a single one.

use std::hash::Hasher;

use crate::device::gpu::{FaultSite, KernelSource};
use crate::device::{Device, SliceMut};
use crate::tensor::{
    Bind, Compute, Function, Kernel, Launch, Layout, Op, Param, Program, Saves, Scalars, Shape, Spec, Tensor, View,
    ViewSpec, Vjp, groups_1d, typed_mut,
};
use crate::{DType, Error, Result, shader};

const NAME: &str = "one_hot";

#[derive(Debug)]
struct OneHot {
    classes: usize,
}

impl Function for OneHot {
    fn name(&self) -> &'static str {
        NAME
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, _grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![None]) // Integers have no gradient.
    }
}

impl Op for OneHot {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let sizes = operands[0].shape.iter().copied().chain([self.classes]);
        Ok(Spec { shape: Shape::new(sizes), dtype: DType::I32 })
    }

    fn key(&self, state: &mut dyn Hasher) {
        state.write_usize(self.classes);
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl Kernel for OneHot {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        let rows = typed_mut::<i32>(output)?.chunks_exact_mut(self.classes);
        for (row, class) in rows.zip(operands[0].contiguous::<i32>()?) {
            let element = usize::try_from(*class).ok().and_then(|class| row.get_mut(class));
            *element.ok_or(Error::Index { op: NAME, index: i64::from(*class), size: self.classes })? = 1;
        }
        Ok(())
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, _device: &Device) -> Result<Program> {
        let count = output.shape.numel();
        if count == 0 {
            return Ok(Program::default());
        }
        let mut params: Vec<Param> =
            [count, self.classes, operands[0].layout.offset].into_iter().map(Param::from).collect();
        params.push(Param::Fault(FaultSite { op: NAME, size: self.classes }));
        let launch = Launch {
            source: KernelSource::new(NAME, shader!("one_hot")),
            bindings: vec![Bind::Operand(0), Bind::Output, Bind::Faults],
            params,
            groups: groups_1d(count, 64),
        };
        Ok(Program { launches: vec![launch], scratch: Vec::new() })
    }
}

impl Tensor {
    /// Encodes every class as a row of `num_classes` zeros with a one at the class; i32. `None`
    /// uses the largest class plus one, for which the classes are read.
    /// [torch.nn.functional.one_hot](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.one_hot.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1_i32, 0], &cpu)?;
    /// assert_eq!(x.one_hot(Some(3))?.to_string(), "tensor([[0, 1, 0],\n        [1, 0, 0]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// Classes that are not integers; no classes and no number. A class out of range is an error
    /// when the result is computed. On a GPU in the browser the number is required, since reading
    /// has to wait there.
    pub fn one_hot(&self, num_classes: Option<usize>) -> Result<Self> {
        let index = self.as_index(NAME)?;
        let classes = match num_classes {
            Some(0) => return Err(Error::value(NAME, "the number of classes must be positive")),
            Some(classes) => classes,
            None => {
                let largest = index.read_now(NAME)?.to_f64().into_iter().fold(f64::NEG_INFINITY, f64::max);
                if self.numel() == 0 {
                    return Err(Error::value(NAME, "an empty tensor does not tell the number of classes"));
                }
                largest.max(0.0) as usize + 1
            }
        };
        Self::call(OneHot { classes }, &[&index])
    }
}
