//! `members!`: every kind of field is registered under PyTorch's name, and modes and gradients
//! reach all of them.

use std::cell::Cell;

use kindling::nn::{Dropout, Linear, Module, ReLU, Sequential, members};
use kindling::{Device, Error, Result, Tensor};

/// A module with a field of each kind.
struct Every {
    scale: Tensor,
    shift: Option<Tensor>,
    absent: Option<Linear>,
    mean: Tensor,
    first: Linear,
    layers: Vec<Linear>,
    heads: [Linear; 2],
    boxed: Box<dyn Module>,
    sequence: Sequential,
    training: Cell<bool>,
    eps: f64,
}

impl Module for Every {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = self.layers.iter().try_fold(x.apply(&self.first)?, |x, layer| x.apply(layer))?;
        let x = x.apply(self.boxed.as_ref())?.apply(&self.sequence)?;
        let heads = x.apply(&self.heads[0])?.add(&x.apply(&self.heads[1])?)?;
        let heads = heads.sub(&self.mean)?.mul(&self.scale)?.add_scalar(self.eps)?;
        self.shift.as_ref().map_or(Ok(heads.clone()), |shift| heads.add(shift))
    }

    members!(scale, shift, absent, mean: buffer, first, layers, heads, boxed, sequence, training, eps: _);
}

fn every(device: &Device) -> Result<Every> {
    let linear = || Linear::without_bias(2, 2, device);
    let parameter = || Tensor::ones([2], device)?.requires_grad_(true);
    Ok(Every {
        scale: parameter()?,
        shift: Some(parameter()?),
        absent: None,
        mean: Tensor::zeros([2], device)?,
        first: linear()?,
        layers: vec![linear()?, linear()?],
        heads: [linear()?, linear()?],
        boxed: Box::new(linear()?),
        sequence: Sequential::new().push(ReLU::default()).push(linear()?).push(Dropout::new(0.5)?),
        training: Cell::new(true),
        eps: 0.5,
    })
}

#[test]
fn every_kind_of_field_has_pytorchs_name() -> Result<()> {
    let net = every(&Device::cpu())?;
    let names: Vec<String> = net.named_parameters().into_iter().map(|(name, _)| name).collect();
    let expected = [
        "scale",
        "shift",
        "first.weight",
        "layers.0.weight",
        "layers.1.weight",
        "heads.0.weight",
        "heads.1.weight",
        "boxed.weight",
        "sequence.1.weight",
    ];
    assert_eq!(names, expected);
    let buffers: Vec<String> = net.named_buffers()?.into_iter().map(|(name, _)| name).collect();
    assert_eq!(buffers, ["mean"]);
    Ok(())
}

#[test]
fn modes_and_gradients_reach_every_member() -> Result<()> {
    let net = every(&Device::cpu())?;
    net.eval();
    assert!(!net.training.get());
    let x = Tensor::ones([3, 2], &Device::cpu())?;
    // In evaluation mode the inner dropout passes everything: two passes are equal.
    let outputs = [x.apply(&net)?.blocking_to_vec::<f32>()?, x.apply(&net)?.blocking_to_vec::<f32>()?];
    assert_eq!(outputs[0], outputs[1]);
    x.apply(&net)?.sum()?.backward()?;
    let without: Vec<String> =
        net.named_parameters().into_iter().filter(|(_, p)| p.grad().is_none()).map(|(name, _)| name).collect();
    assert!(without.is_empty(), "no gradient: {without:?}");
    Ok(())
}

#[test]
fn a_state_dict_goes_through_every_member() -> Result<()> {
    let (from, to) = (every(&Device::cpu())?, every(&Device::cpu())?);
    from.eval();
    to.eval();
    let x = Tensor::ones([3, 2], &Device::cpu())?;
    to.load_state_dict(&from.state_dict()?)?;
    assert_eq!(x.apply(&from)?.blocking_to_vec::<f32>()?, x.apply(&to)?.blocking_to_vec::<f32>()?);
    // A dict that lacks one is refused by name.
    let lacking = from.state_dict()?.into_iter().filter(|(name, _)| name != "heads.1.weight").collect();
    let error = to.load_state_dict(&lacking).err().unwrap_or_else(|| Error::internal("it was loaded")).to_string();
    assert!(error.contains("missing key heads.1.weight"), "{error}");
    Ok(())
}
