//! What a data set is, and data sets made of others: parts, splits. It knows neither files nor devices.

use std::sync::Arc;

use super::{Columns, Random, Task};
use crate::{Error, Result};

/// The elements of some samples, one sample after the other.
#[derive(Clone, Debug, PartialEq)]
pub enum Samples {
    /// Bytes: pictures, 0 … 255 for 0 … 1.
    Bytes(Vec<u8>),
    /// Floats: tables.
    Floats(Vec<f32>),
}

/// All samples of a data set that lie in memory one after the other.
#[derive(Clone, Copy, Debug)]
pub enum Whole<'a> {
    /// Bytes.
    Bytes(&'a [u8]),
    /// Floats.
    Floats(&'a [f32]),
}

/// Labelled samples of one shape. It can be shared between threads: loaders read ahead.
pub trait Dataset: Send + Sync {
    /// How many samples.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sizes of one sample; channels, height, width for pictures.
    fn shape(&self) -> &[usize];

    /// The names of the classes; labels are places in it.
    fn classes(&self) -> &[String];

    /// The class of a sample, as an index into [`Dataset::classes`]; 0 for regression.
    ///
    /// # Errors
    /// There is no such sample.
    fn label(&self, index: usize) -> Result<usize>;

    /// The task that the labels set. A subset has that of its whole.
    fn task(&self) -> Task {
        self.part_of().map_or(Task::Classification, |(whole, _)| whole.task())
    }

    /// The quantity to predict for a sample, for regression.
    ///
    /// # Errors
    /// There is no such sample; the labels are classes.
    fn target(&self, index: usize) -> Result<f64> {
        let Some((whole, indices)) = self.part_of() else {
            return Err(Error::value("dataset", "the labels are classes, no quantities"));
        };
        whole.target(*indices.get(index).ok_or_else(|| no_sample(index, indices.len()))?)
    }

    /// The columns that samples are made of, for tables. A subset has those of its whole.
    fn columns(&self) -> Option<&Columns> {
        self.part_of().and_then(|(whole, _)| whole.columns())
    }

    /// The numbers that a model gives for a sample: one a class, or the quantity alone.
    fn outputs(&self) -> usize {
        match self.task() {
            Task::Classification => self.classes().len(),
            Task::Regression => 1,
        }
    }

    /// The elements of samples, in the order asked for.
    ///
    /// # Errors
    /// There is no such sample, or it cannot be read.
    fn read(&self, indices: &[usize]) -> Result<Samples>;

    /// All samples at once where they lie in memory, so that they can be moved to a device for good.
    fn whole(&self) -> Option<Whole<'_>> {
        None
    }

    /// The data set that this is a part of, and which samples of it.
    fn part_of(&self) -> Option<(&Arc<dyn Dataset>, &[usize])> {
        None
    }
}

/// The error for a sample that does not exist.
pub(crate) fn no_sample(index: usize, len: usize) -> Error {
    Error::value("dataset", format!("sample {index} does not exist, there are {len}"))
}

/// Some samples of a data set, in a given order.
/// [torch.utils.data.Subset](https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.Subset)
#[derive(Clone)]
pub struct Subset {
    of: Arc<dyn Dataset>,
    indices: Vec<usize>,
}

impl Subset {
    /// These samples of `of`.
    ///
    /// # Errors
    /// One does not exist.
    pub fn new(of: Arc<dyn Dataset>, indices: Vec<usize>) -> Result<Self> {
        match indices.iter().find(|i| **i >= of.len()) {
            Some(index) => Err(no_sample(*index, of.len())),
            None => Ok(Self { of, indices }),
        }
    }

    /// The first `n` samples, or all if there are fewer.
    pub fn first(of: Arc<dyn Dataset>, n: usize) -> Self {
        let indices = (0..n.min(of.len())).collect();
        Self { of, indices }
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
        self.of.shape()
    }

    fn classes(&self) -> &[String] {
        self.of.classes()
    }

    fn label(&self, index: usize) -> Result<usize> {
        self.of.label(self.at(index)?)
    }

    fn read(&self, indices: &[usize]) -> Result<Samples> {
        let indices: Vec<usize> = indices.iter().map(|i| self.at(*i)).collect::<Result<_>>()?;
        self.of.read(&indices)
    }

    fn part_of(&self) -> Option<(&Arc<dyn Dataset>, &[usize])> {
        Some((&self.of, &self.indices))
    }
}

/// Splits a data set at random into parts of given sizes that share no sample.
/// [torch.utils.data.random_split](https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.random_split)
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
/// The sizes do not add up to the size of the data set.
pub fn random_split(of: Arc<dyn Dataset>, sizes: &[usize], seed: u64) -> Result<Vec<Subset>> {
    if sizes.iter().sum::<usize>() != of.len() {
        let rule = format!("the sizes {sizes:?} add up to {}, not to {}", sizes.iter().sum::<usize>(), of.len());
        return Err(Error::value("random_split", rule));
    }
    let order = Random::new(seed).permutation(of.len());
    let mut rest = order.as_slice();
    let mut parts = Vec::with_capacity(sizes.len());
    for size in sizes {
        let (part, others) = rest.split_at(*size);
        rest = others;
        parts.push(Subset { of: of.clone(), indices: part.iter().map(|i| *i as usize).collect() });
    }
    Ok(parts)
}
