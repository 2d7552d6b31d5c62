//! `to`: a tensor on another device. An upload is immediate; readback has to wait, so that in a
//! browser a tensor leaves the GPU only by [`Tensor::to_cpu`].

use std::rc::Rc;

use crate::Result;
use crate::device::{Array, Device};
use crate::tensor::{Function, Saves, Tensor, Vjp};

struct To {
    from: Device,
}

impl Function for To {
    fn name(&self) -> &'static str {
        "to"
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(grad.to(&self.from)?)])
    }
}

impl Tensor {
    /// Returns the tensor on `device`; itself if it is there. Gradients move back.
    /// [torch.Tensor.to](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::ones([2], &cpu)?;
    /// assert!(x.to(&cpu)?.is(&x));
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// f64 to a GPU; the error of the value's computation. In a browser, a tensor on a GPU: it must
    /// be awaited, with `.to_cpu().await`.
    pub fn to(&self, device: &Device) -> Result<Self> {
        if self.device().same(device) {
            return Ok(self.clone());
        }
        self.arrived(self.read_now("to")?, device)
    }

    /// Creates the tensor of these elements, which were read from `self`, on `device`.
    pub(crate) fn arrived(&self, elements: Array, device: &Device) -> Result<Self> {
        let output = Self::from_array(elements, self.shape().clone(), device)?;
        output.record_grad_fn(Rc::new(To { from: self.device() }), &[self]);
        Ok(output)
    }
}
