//! The splits of a data set, and limits of their sizes.

use std::fmt;

use crate::{Error, Result};

/// A split of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Split {
    /// Samples to train on.
    Train,
    /// Samples to choose a model by.
    Validation,
    /// Samples to test on.
    Test,
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "training",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

/// Maximum number of samples to read of each split, from the first on. `None`, the default, reads
/// all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Limit of the training split.
    pub train: Option<usize>,
    /// Limit of the test split.
    pub test: Option<usize>,
}

impl Limits {
    /// Returns the limit of a split; the validation split has none.
    pub fn of(&self, split: Split) -> Option<usize> {
        match split {
            Split::Train => self.train,
            Split::Validation => None,
            Split::Test => self.test,
        }
    }

    /// Returns the limit of a split that has `available` samples.
    ///
    /// # Errors
    /// The limit exceeds `available`.
    pub fn checked(&self, name: &str, split: Split, available: usize) -> Result<Option<usize>> {
        match self.of(split) {
            Some(limit) if limit > available => {
                let problem = format!("{limit} {split} samples are asked for, {available} are there: lower the limit");
                Err(Error::file(name, problem))
            }
            limit => Ok(limit),
        }
    }
}
