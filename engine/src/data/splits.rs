//! An opened data set: its splits, and a record of the method, which model files store so that an
//! evaluation repeats the split. The module knows no files.

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
    /// Samples to train on.
    pub train: Arc<dyn Dataset>,
    /// Samples to choose a model by, if the data set has a validation split.
    pub validation: Option<Arc<dyn Dataset>>,
    /// Samples to test on.
    pub test: Arc<dyn Dataset>,
    /// Method and sizes of the splits.
    pub split: SplitRecord,
    /// Notes on decisions and on skipped files and rows, one line each.
    pub notes: Vec<String>,
}

/// Method of a split, and the number of samples of each part before any limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitRecord {
    /// Method of splitting.
    pub method: SplitMethod,
    /// Number of samples of the training split.
    pub train: usize,
    /// Number of samples of the validation split, 0 by default.
    #[serde(default)]
    pub validation: usize,
    /// Number of samples of the test split.
    pub test: usize,
}

/// Method of splitting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SplitMethod {
    /// The data set's own splits, by its files.
    Official,
    /// Folders named after splits.
    Folders,
    /// A random split, reproducible from samples, seed and share.
    Random {
        /// Seed of the permutation.
        seed: u64,
        /// Share of the test split, 0 … 1.
        test_share: f64,
        /// `true` if the share holds within each class. A class of one sample is trained on.
        stratified: bool,
    },
}

/// Options for opening a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenOptions {
    /// Maximum number of samples of each split; no limit by default.
    pub limits: Limits,
    /// Seed of a random split, 0 by default.
    pub seed: u64,
    /// Share of the test split in a random split, 0.2 by default; 1 makes all samples test samples.
    pub test_share: f64,
    /// Height and width of images; by default the most common size in the data set, up to 64×64.
    pub size: Option<[usize; 2]>,
    /// Channels of images: 3 for color, the default, or 1 for gray.
    pub channels: usize,
    /// Refuses files that cannot be read, instead of skipping them with a note; `false` by default.
    pub strict: bool,
    /// Accepts a published data set with missing files, with a note; `false` by default.
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
    /// Describes a random split; `None` for splits of the data set itself.
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
    /// Creates splits from a training and a test split, without validation split and notes.
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

    /// Splits samples at random by class, as scikit-learn's `train_test_split(stratify=labels)`,
    /// and applies the limits. For regression, the share holds for all samples together.
    ///
    /// # Errors
    /// The share is outside 0 … 1; a label cannot be read; or a limit exceeds the number of
    /// samples.
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

    /// Truncates the splits to the limits.
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

/// Sample indices of a random split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Training samples, in random order.
    pub train: Vec<usize>,
    /// Test samples, in random order.
    pub test: Vec<usize>,
    /// Classes of a single sample, which is trained on.
    pub single: Vec<usize>,
}

/// Splits samples at random with the same share of each class, as scikit-learn's
/// [`train_test_split`](https://scikit-learn.org/stable/modules/generated/sklearn.model_selection.train_test_split.html)
/// with `stratify`. The test split has `⌈n · test_share⌉` samples; those lost by rounding come from
/// the classes with the largest remainders. A class of at least two samples has one in each split
/// unless the share is 0 or 1; a class of one is trained on.
///
/// # Errors
/// The share is outside 0 … 1.
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
    // The epsilon cancels the error of the product: a fifth of 100 is 20.
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

/// Returns a note on classes of a single sample, if there are any.
pub(crate) fn single_note(single: &[usize], classes: &[String]) -> Option<String> {
    let named = list(single.iter().filter_map(|class| classes.get(*class)));
    match single.len() {
        0 => None,
        1 => Some(format!("the class {named} has a single sample, which is for training: it is not tested")),
        n => Some(format!("{n} classes have a single sample each, which is for training: {named} are not tested")),
    }
}

/// Lists the first names, and the number of the others.
pub(crate) fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    const MAX_NAMED: usize = 5;
    let names: Vec<&String> = names.collect();
    let named: Vec<String> = names.iter().take(MAX_NAMED).map(|name| format!("{name:?}")).collect();
    match names.len().saturating_sub(MAX_NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
