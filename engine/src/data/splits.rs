//! What opening a data set gives: its splits, and a record of how they were made, which a model file keeps so that
//! an evaluation can repeat them. It knows no files.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::dataset::{Dataset, Subset};
use super::limits::{Limits, Split};
use super::random::Random;
use super::table::TableOptions;
use super::task::Task;
use crate::{Error, Result, argsort};

/// A data set with its splits.
#[derive(Clone)]
pub struct Splits {
    /// Title, such as `CIFAR-10`.
    pub name: String,
    /// Name in a run's settings, such as `cifar10`.
    pub kind: &'static str,
    /// Samples to learn from.
    pub train: Arc<dyn Dataset>,
    /// Samples to choose a model by, where the data set has them apart from the test split.
    pub validation: Option<Arc<dyn Dataset>>,
    /// Samples to test on.
    pub test: Arc<dyn Dataset>,
    /// How the splits were made.
    pub split: SplitRecord,
    /// What was concluded, and what was skipped and why, one line each.
    pub notes: Vec<String>,
}

/// How splits were made, and how many samples each got before any limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitRecord {
    /// The rule.
    pub method: SplitMethod,
    /// Number of samples of the training split.
    pub train: usize,
    /// Number of samples of the validation split, 0 by default.
    #[serde(default)]
    pub validation: usize,
    /// Number of samples of the test split.
    pub test: usize,
}

/// The rule by which splits were made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SplitMethod {
    /// The data set's own splits, by its files.
    Official,
    /// Folders named after splits.
    Folders,
    /// At random: the same for the same samples, seed and share.
    Random {
        /// Seed of the choice.
        seed: u64,
        /// Share of the samples that the test split gets, 0 … 1.
        test_share: f64,
        /// Whether the share holds in each class. A class of one sample is for training.
        stratified: bool,
    },
}

/// What is made of files when a data set is opened.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenOptions {
    /// Greatest number of samples of each split; no limit by default.
    pub limits: Limits,
    /// Seed of a random split, 0 by default.
    pub seed: u64,
    /// Share of the samples that a random split keeps for testing, 0.2 by default; 1 keeps all.
    pub test_share: f64,
    /// Height and width of images. By default the most common size in the collection, up to 64×64.
    pub size: Option<[usize; 2]>,
    /// Channels of images: 3 for colour, the default, or 1 for grey.
    pub channels: usize,
    /// Refuses files that cannot be read, instead of skipping them with a note; false by default.
    pub strict: bool,
    /// Accepts a published data set of which files are missing, with a note; false by default.
    pub incomplete: bool,
    /// Options for reading tables.
    pub table: TableOptions,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            seed: 0,
            test_share: 0.2,
            size: None,
            channels: 3,
            strict: false,
            incomplete: false,
            table: TableOptions::default(),
        }
    }
}

impl OpenOptions {
    /// Returns options that repeat a recorded split.
    #[must_use]
    pub fn repeating(mut self, record: &SplitRecord) -> Self {
        if let SplitMethod::Random { seed, test_share, .. } = record.method {
            (self.seed, self.test_share) = (seed, test_share);
        }
        self
    }
}

impl SplitRecord {
    /// Says how a random split was made; nothing for splits that the data came with.
    pub fn describe(&self) -> Option<String> {
        match &self.method {
            SplitMethod::Random { seed, test_share, stratified } => {
                let of = if *stratified { "of each class is" } else { "of the samples are" };
                Some(format!("{} % {of} for testing, chosen by seed {seed}", 100.0 * test_share))
            }
            _ => None,
        }
    }
}

impl Splits {
    /// Puts together a training and a test split of these sizes, without validation and notes.
    pub fn new(
        name: &str,
        kind: &'static str,
        method: SplitMethod,
        train: Arc<dyn Dataset>,
        test: Arc<dyn Dataset>,
    ) -> Self {
        let split = SplitRecord { method, train: train.len(), validation: 0, test: test.len() };
        Self { name: name.to_owned(), kind, train, validation: None, test, split, notes: Vec::new() }
    }

    /// Splits samples at random by class, as scikit-learn's `train_test_split(stratify=labels)` does, and applies the
    /// limits. For regression, the shares hold for all samples together.
    ///
    /// # Errors
    /// A share outside of 0 … 1; a label that cannot be read; a limit above the number of samples.
    pub fn stratified(name: &str, kind: &'static str, of: &Arc<dyn Dataset>, options: &OpenOptions) -> Result<Self> {
        let labels = (0..of.len()).map(|index| of.label(index)).collect::<Result<Vec<_>>>()?;
        let parts = stratify(&labels, options.test_share, options.seed)?;
        let part =
            |indices: Vec<usize>| -> Result<Arc<dyn Dataset>> { Ok(Arc::new(Subset::new(of.clone(), indices)?)) };
        let stratified = of.task() == Task::Classification;
        let method = SplitMethod::Random { seed: options.seed, test_share: options.test_share, stratified };
        let mut splits = Self::new(name, kind, method, part(parts.train)?, part(parts.test)?);
        if stratified {
            splits.notes.extend(single_note(&parts.single, of.classes()));
        }
        splits.limited(options.limits)
    }

    /// Keeps the first samples of each split that the limits ask for.
    ///
    /// # Errors
    /// A split has fewer samples than its limit.
    pub fn limited(mut self, limits: Limits) -> Result<Self> {
        for (split, data) in [(Split::Train, &mut self.train), (Split::Test, &mut self.test)] {
            if let Some(limit) = limits.checked(&self.name, split, data.len())?
                && limit < data.len()
            {
                *data = Arc::new(Subset::first(data.clone(), limit));
            }
        }
        Ok(self)
    }
}

/// Indices of the samples of a random split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Samples to learn from, in random order.
    pub train: Vec<usize>,
    /// Samples to test on, in random order.
    pub test: Vec<usize>,
    /// Classes of a single sample, which is for training.
    pub single: Vec<usize>,
}

/// Splits samples at random so that each class gives the test split its share, as scikit-learn's
/// [`train_test_split`](https://scikit-learn.org/stable/modules/generated/sklearn.model_selection.train_test_split.html)
/// with `stratify` does: `⌈n · test_share⌉` samples in all, what is left over by rounding from the classes with the
/// largest remainders. A class of at least two samples has one in each split unless the share is 0 or 1; a class of one
/// is for training.
///
/// # Errors
/// A share outside of 0 … 1.
pub fn stratify(labels: &[usize], test_share: f64, seed: u64) -> Result<Parts> {
    if !(0.0..=1.0).contains(&test_share) {
        return Err(Error::value("split", format!("the test split's share is {test_share}; it must lie in 0 … 1")));
    }
    let mut counts = vec![0usize; labels.iter().max().map_or(0, |most| most + 1)];
    labels.iter().for_each(|label| counts[*label] += 1);
    let is_single = |class: &usize| counts[*class] == 1 && test_share > 0.0 && test_share < 1.0;
    let single = (0..counts.len()).filter(is_single).collect();
    let mut left = test_counts(&counts, test_share);
    let (mut train, mut test) = (Vec::with_capacity(labels.len()), Vec::new());
    for index in Random::new(seed).permutation(labels.len()) {
        let index = index as usize;
        let left = &mut left[labels[index]];
        if *left > 0 {
            *left -= 1;
            test.push(index);
        } else {
            train.push(index);
        }
    }
    Ok(Parts { train, test, single })
}

/// Returns the number of test samples of each class.
fn test_counts(counts: &[usize], test_share: f64) -> Vec<usize> {
    if test_share == 0.0 || test_share == 1.0 {
        return counts.iter().map(|count| if test_share == 0.0 { 0 } else { *count }).collect();
    }
    let share = |count: usize| if count < 2 { 0.0 } else { count as f64 * test_share };
    let all: usize = counts.iter().filter(|count| **count > 1).sum();
    // Without the error of the product: a fifth of 100 is 20.
    let wanted = (all as f64 * test_share - 1e-9).ceil() as usize;
    let mut chosen: Vec<usize> = counts.iter().map(|count| share(*count) as usize).collect();
    let rest = wanted.saturating_sub(chosen.iter().sum());
    let remainder = |class: usize| share(counts[class]) - chosen[class] as f64;
    for class in argsort(counts.len(), &mut |a, b| remainder(b).total_cmp(&remainder(a))).into_iter().take(rest) {
        chosen[class] += 1;
    }
    chosen.iter_mut().zip(counts).filter(|(_, count)| **count > 1).for_each(|(n, count)| *n = (*n).clamp(1, count - 1));
    chosen
}

/// Returns a note on classes of a single sample; nothing if there are none.
pub(crate) fn single_note(single: &[usize], classes: &[String]) -> Option<String> {
    let named = list(single.iter().filter_map(|class| classes.get(*class)));
    match single.len() {
        0 => None,
        1 => Some(format!("the class {named} has a single sample, which is for training: it is not tested")),
        n => Some(format!("{n} classes have a single sample each, which is for training: {named} are not tested")),
    }
}

/// Lists names as text: the first ones, and the number of the others.
pub(crate) fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    const MAX_NAMED: usize = 5;
    let names: Vec<&String> = names.collect();
    let named: Vec<String> = names.iter().take(MAX_NAMED).map(|name| format!("{name:?}")).collect();
    match names.len().saturating_sub(MAX_NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
