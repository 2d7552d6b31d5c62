//! State dicts: parameters and buffers by name, for saving and loading. The module knows names,
//! shapes and devices, no layer and no file.

use std::cell::{Cell, RefCell};

use super::Member;
use crate::device::Device;
use crate::{Error, Result, Tensor};

/// Tensors by name, in the order of the model's definition.
#[derive(Clone, Debug, Default)]
pub struct StateDict(Vec<(String, Tensor)>);

impl StateDict {
    /// Returns the tensor of a name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, tensor)| tensor)
    }

    /// Inserts a tensor, or replaces the one of this name.
    pub fn insert(&mut self, name: impl Into<String>, tensor: Tensor) {
        let name = name.into();
        match self.0.iter_mut().find(|(n, _)| *n == name) {
            Some((_, old)) => *old = tensor,
            None => self.0.push((name, tensor)),
        }
    }

    /// Iterates over names and tensors.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.0.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// Iterates over the names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Returns the number of tensors.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if there are no tensors.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, Tensor)> for StateDict {
    fn from_iter<I: IntoIterator<Item = (String, Tensor)>>(iter: I) -> Self {
        let mut dict = Self::default();
        iter.into_iter().for_each(|(name, tensor)| dict.insert(name, tensor));
        dict
    }
}

impl IntoIterator for StateDict {
    type Item = (String, Tensor);
    type IntoIter = std::vec::IntoIter<(String, Tensor)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Loads the tensors into the members of their names, once all match.
pub(super) fn load(members: &[(String, Member<'_>)], dict: &StateDict) -> Result<()> {
    let mut wrong = Vec::new();
    let mut found = Vec::new();
    let kept = |member: &Member<'_>| !matches!(member, Member::Training(_));
    for (name, member) in members.iter().filter(|(_, member)| kept(member)) {
        let Some(tensor) = dict.get(name) else {
            // PyTorch before 0.4.1 did not count: its state dicts load without the counter.
            if matches!(member, Member::Counter(_)) {
                continue;
            }
            wrong.push(format!("missing key {name}"));
            continue;
        };
        match member.fits(tensor) {
            Ok(()) => found.push((member, tensor)),
            Err(why) => wrong.push(format!("size mismatch for {name}: {why}")),
        }
    }
    let known = |name: &str| members.iter().any(|(n, member)| n == name && kept(member));
    wrong.extend(dict.names().filter(|name| !known(name)).map(|name| format!("unexpected key {name}")));
    if !wrong.is_empty() {
        let more = wrong.len().saturating_sub(8);
        wrong.truncate(8);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        return Err(Error::value("load_state_dict", format!("{}{more}", wrong.join("; "))));
    }
    // Everything that can fail comes first.
    let ready: Vec<Tensor> = found.iter().map(|(member, tensor)| member.prepare(tensor)).collect::<Result<_>>()?;
    found.iter().zip(&ready).try_for_each(|((member, _), tensor)| member.take(tensor))
}

impl Member<'_> {
    fn fits(&self, tensor: &Tensor) -> Result<(), String> {
        let (shape, expected) = match self {
            Self::Parameter(own) | Self::Buffer(own) => (tensor.dims(), own.dims()),
            // PyTorch stores counters without dimensions.
            _ => (tensor.dims(), &[] as &[usize]),
        };
        if shape == expected { Ok(()) } else { Err(format!("expected {expected:?}, got {shape:?}")) }
    }

    fn prepare(&self, tensor: &Tensor) -> Result<Tensor> {
        match self {
            Self::Parameter(own) | Self::Buffer(own) => moved(tensor, &own.device()),
            _ => Ok(tensor.clone()),
        }
    }

    fn take(&self, tensor: &Tensor) -> Result<()> {
        match self {
            Self::Parameter(own) | Self::Buffer(own) => own.set_(tensor),
            Self::Counter(counter) => counter.set(tensor),
            Self::Training(_) => Ok(()),
        }
    }
}

/// Moves the tensor to a device. From a GPU, only to itself: readback has to wait.
fn moved(tensor: &Tensor, device: &Device) -> Result<Tensor> {
    if tensor.device().same(device) {
        return Ok(tensor.clone());
    }
    if !tensor.device().is_cpu() {
        let places = "the model is on the CPU and the state dict on a GPU, and cannot be read without a wait".into();
        return Err(Error::Device { op: "load_state_dict", places });
    }
    Tensor::from_array(read_now(tensor)?, tensor.shape().clone(), device)
}

/// Returns the elements of a tensor on the CPU, without waiting.
pub(super) fn read_now(tensor: &Tensor) -> Result<crate::device::Array> {
    let mut read = std::pin::pin!(tensor.to_array());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match read.as_mut().poll(&mut context) {
        std::task::Poll::Ready(array) => array,
        std::task::Poll::Pending => Err(Error::internal("a read from the CPU had to wait")),
    }
}

/// A counter such as `num_batches_tracked`: stored on the CPU, so that counting runs no kernel, and
/// returned as a tensor.
#[derive(Debug, Default)]
pub struct Counter {
    loaded: RefCell<Option<Tensor>>,
    since: Cell<i32>,
}

impl Counter {
    /// Increments the counter.
    pub fn add_one(&self) {
        self.since.set(self.since.get().wrapping_add(1));
    }

    /// Returns the count without dimensions, an i32; an i64 if it was loaded as a larger one.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn value(&self) -> Result<Tensor> {
        let loaded = self.loaded.borrow();
        let device = loaded.as_ref().map_or_else(Device::cpu, Tensor::device);
        let since = Tensor::scalar(self.since.get(), &device)?;
        loaded.as_ref().map_or(Ok(since.clone()), |loaded| loaded.add(&since))
    }

    fn set(&self, tensor: &Tensor) -> Result<()> {
        self.loaded.replace(Some(tensor.to_dtype(tensor.dtype().integer())?));
        self.since.set(0);
        Ok(())
    }
}
