//! The trait [`Dataset`], and data sets made of others: subsets, random splits. The module knows
//! neither files nor devices.

use std::sync::Arc;

use super::{Columns, Random, Task};
use crate::{Error, Result};

/// Elements of samples, one sample after another.
#[derive(Clone, Debug, PartialEq)]
pub enum Samples {
    /// Bytes of images, 0 … 255 for 0 … 1.
    Bytes(Vec<u8>),
    /// Elements of table rows.
    Floats(Vec<f32>),
}

/// Elements of all samples of a data set, contiguous in memory.
#[derive(Clone, Copy, Debug)]
pub enum Whole<'a> {
    /// Bytes, as [`Samples::Bytes`].
    Bytes(&'a [u8]),
    /// Floats, as [`Samples::Floats`].
    Floats(&'a [f32]),
}

/// Labeled samples of one shape. Threads share it, since loaders prefetch.
pub trait Dataset: Send + Sync {
    /// Returns the number of samples.
    fn len(&self) -> usize;

    /// Returns `true` if there are no samples.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the dimensions of a sample: channels, height, width for images.
    fn shape(&self) -> &[usize];

    /// Returns the names of the classes; labels are indices into it.
    fn classes(&self) -> &[String];

    /// Returns the class of a sample, as an index into [`Dataset::classes`]; 0 for regression.
    ///
    /// # Errors
    /// The index is out of range.
    fn label(&self, index: usize) -> Result<usize>;

    /// Returns the task that the labels set: by default the base's for a subset, else
    /// classification.
    fn task(&self) -> Task {
        self.part_of().map_or(Task::Classification, |(whole, _)| whole.task())
    }

    /// Returns the target of a sample, for regression.
    ///
    /// # Errors
    /// The index is out of range; or the task is classification.
    fn target(&self, index: usize) -> Result<f64> {
        let Some((whole, indices)) = self.part_of() else {
            return Err(Error::value("dataset", "the labels are classes, no quantities"));
        };
        whole.target(*indices.get(index).ok_or_else(|| no_sample(index, indices.len()))?)
    }

    /// Returns the columns of a table; for a subset, those of its base.
    fn columns(&self) -> Option<&Columns> {
        self.part_of().and_then(|(whole, _)| whole.columns())
    }

    /// Returns the number of a model's outputs per sample: one per class, or 1 for regression.
    fn outputs(&self) -> usize {
        match self.task() {
            Task::Classification => self.classes().len(),
            Task::Regression => 1,
        }
    }

    /// Reads the elements of samples, in the order of `indices`.
    ///
    /// # Errors
    /// An index is out of range, or a sample cannot be read.
    fn read(&self, indices: &[usize]) -> Result<Samples>;

    /// Returns the elements of all samples if they are in memory, to be copied to a device once.
    fn whole(&self) -> Option<Whole<'_>> {
        None
    }

    /// Returns the base of a subset and the indices of its samples there; `None` for other data
    /// sets.
    fn part_of(&self) -> Option<(&Arc<dyn Dataset>, &[usize])> {
        None
    }
}

/// Returns the error for a sample index out of range.
pub(crate) fn no_sample(index: usize, len: usize) -> Error {
    Error::value("dataset", format!("sample {index} does not exist, there are {len}"))
}

/// A subset of a data set, in a given order:
/// [torch.utils.data.Subset](https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.Subset).
#[derive(Clone)]
pub struct Subset {
    base: Arc<dyn Dataset>,
    indices: Vec<usize>,
}

impl Subset {
    /// Creates the subset of `base` with these indices.
    ///
    /// # Errors
    /// An index is out of range.
    pub fn new(base: Arc<dyn Dataset>, indices: Vec<usize>) -> Result<Self> {
        match indices.iter().find(|i| **i >= base.len()) {
            Some(index) => Err(no_sample(*index, base.len())),
            None => Ok(Self { base, indices }),
        }
    }

    /// Creates the subset of the first `n` samples, or of all if there are fewer.
    pub fn first(base: Arc<dyn Dataset>, n: usize) -> Self {
        let indices = (0..n.min(base.len())).collect();
        Self { base, indices }
    }

    fn at(&self, index: usize) -> Result<usize> {
        self.indices.get(index).copied().ok_or_else(|| no_sample(index, self.indices.len()))
    }
}

impl Dataset for Subset {
    fn len(&self) -> usize {
        self.indices.len()
    }

    fn shape(&self) -> &[usize] {
        self.base.shape()
    }

    fn classes(&self) -> &[String] {
        self.base.classes()
    }

    fn label(&self, index: usize) -> Result<usize> {
        self.base.label(self.at(index)?)
    }

    fn read(&self, indices: &[usize]) -> Result<Samples> {
        let indices: Vec<usize> = indices.iter().map(|i| self.at(*i)).collect::<Result<_>>()?;
        self.base.read(&indices)
    }

    fn part_of(&self) -> Option<(&Arc<dyn Dataset>, &[usize])> {
        Some((&self.base, &self.indices))
    }
}

/// Splits a data set at random into disjoint subsets of given sizes:
/// [torch.utils.data.random_split](https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.random_split).
///
/// ```
/// use std::sync::Arc;
/// use kindling::data::{Dataset, Shapes, random_split};
/// # fn main() -> kindling::Result<()> {
/// let parts = random_split(Arc::new(Shapes::new(0).generate(100)), &[80, 20], 42)?;
/// assert_eq!((parts[0].len(), parts[1].len()), (80, 20));
/// # Ok(()) }
/// ```
///
/// # Errors
/// The sizes do not add up to the number of samples.
pub fn random_split(base: Arc<dyn Dataset>, sizes: &[usize], seed: u64) -> Result<Vec<Subset>> {
    if sizes.iter().sum::<usize>() != base.len() {
        let rule = format!("the sizes {sizes:?} add up to {}, not to {}", sizes.iter().sum::<usize>(), base.len());
        return Err(Error::value("random_split", rule));
    }
    let order = Random::new(seed).permutation(base.len());
    let mut rest = order.as_slice();
    let mut parts = Vec::with_capacity(sizes.len());
    for size in sizes {
        let (part, others) = rest.split_at(*size);
        rest = others;
        parts.push(Subset { base: base.clone(), indices: part.iter().map(|i| *i as usize).collect() });
    }
    Ok(parts)
}
