//! Training and test: the two halves that data sets come in, and how much of each is wanted.

use std::fmt;

/// One of the two halves of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Split {
    /// What the network learns from.
    Train,
    /// What it is judged by.
    Test,
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "training",
            Self::Test => "test",
        })
    }
}

/// How many samples of each half are read at most: the first so many. `None` reads all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Of the training half.
    pub train: Option<usize>,
    /// Of the test half.
    pub test: Option<usize>,
}

impl Limits {
    /// The limit of one half.
    pub fn of(&self, split: Split) -> Option<usize> {
        match split {
            Split::Train => self.train,
            Split::Test => self.test,
        }
    }
}
