//! Data of a session: generated, or arriving in pieces; and sample images.

use super::page::Page;
use super::views::pixels;
use crate::protocol::{DataInfo, DataKind, DataProgress, DataSource, FromWorker, SamplesView, TableInfo};
use kindling::data::{
    DataLoader, Dataset, Limits, OpenOptions, Reader, Shapes, SplitRecord, Splits, Subset, TableOptions, catalog,
};
use kindling::train::{Augment, DataSpec, TrainSpec};
use kindling::{Device, Result, read_many};
use std::rc::Rc;
use std::sync::Arc;

/// Number of samples that must have arrived before a run can begin.
const MIN_SAMPLES: usize = 1000;

/// Interval between messages about progress, in milliseconds.
const PROGRESS_INTERVAL_MS: f64 = 150.0;

/// A loaded data set, complete or not.
pub struct Loaded {
    /// Number of the load.
    pub load: u32,
    /// Description.
    pub info: DataInfo,
    /// Source.
    pub source: DataSource,
    /// Samples.
    pub samples: Samples,
}

/// Samples of a run by split.
#[derive(Clone)]
pub struct Samples {
    /// Training samples.
    pub train: Arc<dyn Dataset>,
    /// Validation samples, if the data has a validation split.
    pub validation: Option<Arc<dyn Dataset>>,
    /// Test samples.
    pub test: Arc<dyn Dataset>,
    /// Method and sizes of the splits.
    pub split: SplitRecord,
}

/// A load in progress.
struct Incoming {
    /// Number of the load.
    load: u32,
    source: DataSource,
    reading: Option<Reader>,
    cached: bool,
    notes: Vec<String>,
    bytes: u64,
    total: Option<u64>,
    told: f64,
}

/// A piece of a data set, from a reader or a download.
pub enum Arrival {
    /// The source is open, with a reader for it; `true` if it is in the browser's storage.
    Found(Box<Reader>, bool),
    /// A file begins, with its size in bytes if known.
    File(String, Option<u64>),
    /// Bytes of the file, decompressed.
    Bytes(Vec<u8>),
    /// More compressed bytes arrived: their number, and the total if known.
    Taken(u64, Option<u64>),
    /// The file has ended.
    FileEnd,
    /// A note for the user.
    Note(String),
    /// All pieces have arrived.
    End,
    /// The load failed; a sentence.
    Failed(String),
}

/// Consequence of a request or a piece of data for the runs that wait.
pub enum Change {
    /// None.
    None,
    /// Samples have been loaded: the first, more, or all.
    Ready,
    /// The load has ended without data.
    Stopped(String),
}

/// The data of a session: the loaded samples, and the load in progress.
pub struct Data {
    page: Page,
    /// Number of loads so far.
    loads: u32,
    loaded: Option<Rc<Loaded>>,
    incoming: Option<Incoming>,
}

impl Data {
    /// Creates a state without data.
    pub fn new(page: Page) -> Self {
        Self { page, loads: 0, loaded: None, incoming: None }
    }

    /// Returns the loaded data.
    pub fn loaded(&self) -> Option<&Rc<Loaded>> {
        self.loaded.as_ref()
    }

    /// Returns the number of the load in progress, whose pieces are wanted.
    pub fn loading(&self) -> Option<u32> {
        self.incoming.as_ref().map(|incoming| incoming.load)
    }

    /// Opens data: generated at once, or from pieces that arrive later.
    pub fn open(&mut self, source: DataSource) -> Change {
        self.loads += 1;
        let load = self.loads;
        if source.kind == DataKind::Shapes {
            self.incoming = None;
            let [train, test] = source.limits().map(Option::unwrap_or_default);
            return match Shapes::splits(train.max(1), test) {
                Ok(splits) => self.ready(load, source, splits, true, false),
                Err(error) => self.fail(error.to_string()),
            };
        }
        self.incoming = Some(Incoming {
            load,
            source,
            reading: None,
            cached: false,
            notes: Vec::new(),
            bytes: 0,
            total: None,
            told: 0.0,
        });
        Change::None
    }

    /// Cancels the load in progress; complete data stays.
    pub fn cancel(&mut self) -> Change {
        if self.incoming.take().is_none() {
            return Change::None;
        }
        self.page.say(FromWorker::DataCancelled);
        Change::Stopped("the data it waited for was cancelled".into())
    }

    /// Handles a piece of a data set.
    pub async fn arrived(&mut self, load: u32, arrival: Arrival) -> Change {
        let Some(incoming) = self.incoming.as_mut().filter(|incoming| incoming.load == load) else {
            return Change::None;
        };
        let taken = match arrival {
            Arrival::Found(reading, cached) => {
                (incoming.reading, incoming.cached) = (Some(*reading), cached);
                Ok(())
            }
            Arrival::Note(note) => {
                incoming.notes.push(note);
                Ok(())
            }
            Arrival::Failed(reason) => Err(reason),
            Arrival::End => return self.all_arrived().await,
            Arrival::File(path, size) => {
                incoming.reading.as_mut().map_or(Ok(()), |r| r.begin(&path, size).map(drop).map_err(|e| e.to_string()))
            }
            Arrival::FileEnd => incoming.reading.as_mut().map_or(Ok(()), |r| r.end().map_err(|e| e.to_string())),
            Arrival::Taken(bytes, total) => {
                incoming.bytes += bytes;
                incoming.total = total;
                Ok(())
            }
            Arrival::Bytes(bytes) => {
                incoming.reading.as_mut().map_or(Ok(()), |r| r.data(&bytes).map_err(|e| e.to_string()))
            }
        };
        match taken {
            Ok(()) => self.tell_progress(),
            Err(reason) => self.fail(reason),
        }
    }

    fn fail(&mut self, reason: String) -> Change {
        self.incoming = None;
        self.page.say(FromWorker::DataFailed { reason: reason.clone() });
        Change::Stopped(reason)
    }

    fn tell_progress(&mut self) -> Change {
        let now = self.page.now();
        let Some(incoming) = &mut self.incoming else { return Change::None };
        let Some(reading) = &incoming.reading else { return Change::None };
        let [train, test] = reading.arrived();
        let known = self.loaded.as_ref().filter(|loaded| loaded.load == incoming.load).map(|l| l.info.train);
        let enough = MIN_SAMPLES.min(incoming.source.train.unwrap_or(MIN_SAMPLES)).max(1);
        // Samples are copied when enough have arrived, and each time their number has doubled.
        if train >= known.map_or(enough, |known| 2 * known)
            && let Some(splits) = reading.partial()
        {
            let (load, source, cached) = (incoming.load, incoming.source.clone(), incoming.cached);
            return self.ready(load, source, splits, false, cached);
        }
        if now - incoming.told >= PROGRESS_INTERVAL_MS {
            incoming.told = now;
            let (bytes, total, source) = (incoming.bytes, incoming.total, reading.name().to_owned());
            self.page.say(FromWorker::DataProgress(DataProgress { source, bytes, total, train, test }));
        }
        Change::None
    }

    async fn all_arrived(&mut self) -> Change {
        let Some(incoming) = self.incoming.take() else { return Change::None };
        let Incoming { load, source, reading, cached, notes, bytes, total, .. } = incoming;
        let Some(reading) = reading else { return self.fail("Nothing arrived.".into()) };
        let [train, test] = reading.arrived();
        let progress = DataProgress { source: reading.name().to_owned(), bytes, total, train, test };
        match reading.finish(self.page.host().codecs()).await {
            Ok(mut splits) => {
                splits.notes.extend(notes);
                // The user's own data has the name of its file or folder.
                if catalog::find(splits.kind).is_some_and(|set| set.official.is_none()) {
                    splits.name.clone_from(&progress.source);
                }
                self.page.say(FromWorker::DataProgress(progress));
                self.ready(load, source, splits, true, cached)
            }
            Err(error) => self.fail(error.to_string()),
        }
    }

    fn ready(&mut self, load: u32, source: DataSource, splits: Splits, complete: bool, cached: bool) -> Change {
        let Splits { name, kind, train, validation, test, split, notes } = splits;
        let mut counts = vec![0; train.classes().len()];
        for index in 0..train.len() {
            if let Some(count) = train.label(index).ok().and_then(|label| counts.get_mut(label)) {
                *count += 1;
            }
        }
        let info = DataInfo {
            name,
            classes: train.classes().to_vec(),
            shape: train.shape().to_vec(),
            train: train.len(),
            test: test.len(),
            counts,
            complete,
            cached,
            kind: kind.to_owned(),
            validation: validation.as_ref().map_or(0, |data| data.len()),
            split: Some(split.clone()),
            table: train.columns().map(TableInfo::from),
            notes,
        };
        self.page.say(FromWorker::DataReady(info.clone()));
        let samples = Samples { train, validation, test, split };
        self.loaded = Some(Rc::new(Loaded { load, info, source, samples }));
        Change::Ready
    }

    /// Sends sample images with augmentation, by class.
    ///
    /// # Errors
    /// The samples cannot be read.
    pub async fn show_samples(&self, augment: Vec<Augment>, per_class: usize, seed: u64) -> Result<()> {
        let Some(loaded) = &self.loaded else { return Ok(()) };
        let data = &loaded.samples.train;
        let classes = data.classes().len();
        let mut found: Vec<Vec<usize>> = vec![Vec::new(); classes];
        let mut missing = classes;
        for index in 0..data.len() {
            let Some(of_class) = found.get_mut(data.label(index)?) else { continue };
            if of_class.len() < per_class {
                of_class.push(index);
                missing -= usize::from(of_class.len() == per_class);
            }
            if missing == 0 {
                break;
            }
        }
        let chosen: Vec<usize> = found.into_iter().flatten().collect();
        let labels = chosen.iter().map(|index| data.label(*index)).collect::<Result<Vec<_>>>()?;
        let channels = data.shape().first().copied().unwrap_or(1);
        // Without normalization: values from 0 to 1 for the screen.
        let plain = DataSpec { mean: Some(vec![0.0; channels]), std: Some(vec![1.0; channels]), ..DataSpec::default() };
        let spec = TrainSpec { augment, data: plain, seed, batch_size: chosen.len().max(1), ..TrainSpec::default() };
        let normalization = spec.normalization(data.as_ref())?;
        let part: Arc<dyn Dataset> = Arc::new(Subset::new(data.clone(), chosen)?);
        let loader = DataLoader::new(part)
            .batch_size(spec.batch_size)
            .seed(seed)
            .transform(spec.train_transform(&normalization)?)
            .device(&Device::cpu());
        let Some(batch) = loader.epoch(0)?.next() else { return Ok(()) };
        let (images, _) = batch?;
        let &[_, channels, height, width] = images.dims() else {
            // Rows of a table are no images.
            self.page.say(FromWorker::Samples(SamplesView { size: [0, 0], labels: Vec::new() }));
            return Ok(());
        };
        let arrays = read_many(&[&images]).await?;
        let values: Vec<f64> = arrays.first().map(kindling::device::Array::to_f64).unwrap_or_default();
        let rgba = pixels::of_batch(&values, [channels, height, width], &normalization);
        self.page.say_with(FromWorker::Samples(SamplesView { size: [width, height], labels }), vec![rgba]);
        Ok(())
    }
}

/// Returns the options of a source. A smaller data set in CIFAR's layout is accepted.
pub fn options(source: &DataSource) -> OpenOptions {
    let limits = Limits { train: source.train, test: source.test };
    let table = TableOptions { label: source.label.clone(), task: source.task, model: None };
    OpenOptions { limits, incomplete: true, table, ..OpenOptions::default() }
}
