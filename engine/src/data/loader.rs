//! Batches: which samples, in which order, and how they get onto the device. On a GPU, a data set that lies in
//! memory and fits is moved there once, as bytes; a batch is then one kernel, and a step sends the places of its
//! pictures only. Otherwise the samples of each batch are sent, read ahead on threads where there are any.

use std::cell::OnceCell;
use std::ops::Deref;
use std::sync::Arc;

use super::ahead::Ahead;
use super::dataset::{Dataset, Samples, Whole};
use super::random::Random;
use super::task::{TargetScale, Task};
use super::transforms::{self, Compose, Normalize, Transform};
use crate::device::{Array, Device};
use crate::ops::{Crop, GatherBatch};
use crate::{Error, Result, Tensor};

/// The most that a data set may take of a GPU's memory, whatever the adapter allows.
const MOST_RESIDENT: u64 = 1 << 30;

/// Batches of a data set.
/// [torch.utils.data.DataLoader](https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader)
///
/// ```
/// use std::sync::Arc;
/// use kindling::data::{DataLoader, Shapes};
/// # fn main() -> kindling::Result<()> {
/// let loader = DataLoader::new(Arc::new(Shapes::new(0).generate(10))).batch_size(4).shuffle(true).seed(1);
/// let mut sizes = Vec::new();
/// for batch in loader.epoch(0)? {
///     let (images, labels) = batch?;
///     sizes.push((images.dims().to_vec(), labels.dims().to_vec()));
/// }
/// assert_eq!(sizes[0], (vec![4, 3, 32, 32], vec![4]));
/// assert_eq!(sizes.len(), 3);
/// # Ok(()) }
/// ```
pub struct DataLoader {
    dataset: Arc<dyn Dataset>,
    batch_size: usize,
    shuffle: bool,
    seed: u64,
    drop_last: bool,
    workers: usize,
    transform: Compose,
    target_scale: TargetScale,
    device: Device,
    resident: OnceCell<Option<Resident>>,
}

/// A data set on the device.
struct Resident {
    pixels: Tensor,
    pictures: usize,
    /// For each sample, its place in the data set that lies on the device, where that is a larger one.
    places: Option<Vec<usize>>,
}

impl DataLoader {
    /// Batches of one sample in order, on the CPU.
    pub fn new(dataset: Arc<dyn Dataset>) -> Self {
        Self {
            dataset,
            batch_size: 1,
            shuffle: false,
            seed: 0,
            drop_last: false,
            workers: 0,
            transform: Compose::new(),
            target_scale: TargetScale::default(),
            device: Device::cpu(),
            resident: OnceCell::new(),
        }
    }

    /// Samples a batch; the last one may have fewer.
    #[must_use]
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// Whether every epoch has an order of its own.
    #[must_use]
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// What order and transforms are drawn from.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Whether a last batch with fewer samples is left out.
    #[must_use]
    pub fn drop_last(mut self, drop_last: bool) -> Self {
        self.drop_last = drop_last;
        self
    }

    /// Threads that read ahead where batches are sent one by one; 0 reads when a batch is asked for. Without effect
    /// in the browser.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// What is done to the pictures.
    #[must_use]
    pub fn transform(mut self, transform: Compose) -> Self {
        self.transform = transform;
        self
    }

    /// The scale that targets of a regression are given in; their own unit by default.
    #[must_use]
    pub fn target_scale(mut self, scale: TargetScale) -> Self {
        self.target_scale = scale;
        self
    }

    /// The scale of targets, for what predictions mean.
    pub fn targets_in(&self) -> TargetScale {
        self.target_scale
    }

    /// The labels of samples: classes as I32, or scaled targets as F32.
    fn labels(&self, samples: &[usize]) -> Result<Tensor> {
        let labels = match self.dataset.task() {
            Task::Classification => {
                let class = |i: &usize| Ok(self.dataset.label(*i)? as i32);
                Array::I32(samples.iter().map(class).collect::<Result<_>>()?)
            }
            Task::Regression => {
                let target = |i: &usize| Ok(self.target_scale.scaled(self.dataset.target(*i)?) as f32);
                Array::F32(samples.iter().map(target).collect::<Result<_>>()?)
            }
        };
        Tensor::from_array(labels, [samples.len()], &self.device)
    }

    /// Where batches go.
    #[must_use]
    pub fn device(mut self, device: &Device) -> Self {
        self.device = device.clone();
        self.resident = OnceCell::new();
        self
    }

    /// The data set.
    pub fn dataset(&self) -> &Arc<dyn Dataset> {
        &self.dataset
    }

    /// How many batches an epoch has.
    pub fn len(&self) -> usize {
        match self.drop_last {
            true => self.dataset.len() / self.batch_size.max(1),
            false => self.dataset.len().div_ceil(self.batch_size.max(1)),
        }
    }

    /// Whether an epoch has no batches.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The batches of an epoch: pictures (or rows) and labels.
    ///
    /// # Errors
    /// A batch size of 0; transforms that do not fit the pictures.
    pub fn epoch(&self, epoch: u64) -> Result<Epoch<&Self>> {
        Epoch::over(self, epoch, 0)
    }

    /// The data set on the device, if it is kept there.
    fn resident(&self) -> Result<Option<&Resident>> {
        if let Some(found) = self.resident.get() {
            return Ok(found.as_ref());
        }
        let made = self.move_to_device()?;
        Ok(self.resident.get_or_init(|| made).as_ref())
    }

    fn move_to_device(&self) -> Result<Option<Resident>> {
        // On the CPU the bytes are where they are needed already.
        let Device::Gpu(gpu) = &self.device else { return Ok(None) };
        let mut root: &Arc<dyn Dataset> = &self.dataset;
        let mut places: Option<Vec<usize>> = None;
        while let Some((whole, indices)) = root.part_of() {
            places = Some(match places {
                None => indices.to_vec(),
                Some(places) => places.iter().map(|i| indices.get(*i).copied().unwrap_or_default()).collect(),
            });
            root = whole;
        }
        let Some(Whole::Bytes(bytes)) = root.whole() else { return Ok(None) };
        let limits = gpu.limits();
        let most = MOST_RESIDENT.min(limits.max_storage_buffer_binding_size).min(limits.max_buffer_size);
        if root.shape().len() != 3 || bytes.len() as u64 > most {
            return Ok(None);
        }
        let pixels = pack(bytes);
        let len = pixels.len();
        let pixels = Tensor::from_array(Array::U32(pixels), [len], &self.device)?;
        Ok(Some(Resident { pixels, pictures: root.len(), places }))
    }
}

/// Splits the stream of an epoch into that of the order and those of the samples.
const ORDER: u64 = u64::MAX;

/// Bytes as words, the first byte lowest.
fn pack(bytes: &[u8]) -> Vec<u32> {
    let (words, rest) = bytes.as_chunks::<4>();
    let mut packed: Vec<u32> = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
    if !rest.is_empty() {
        let mut last = [0; 4];
        last[..rest.len()].copy_from_slice(rest);
        packed.push(u32::from_le_bytes(last));
    }
    packed
}

/// The batches of an epoch of a loader that is borrowed or shared.
pub struct Epoch<L: Deref<Target = DataLoader>> {
    loader: L,
    order: Option<Vec<u32>>,
    random: Random,
    next: usize,
    ahead: Option<Ahead>,
}

impl<L: Deref<Target = DataLoader>> Epoch<L> {
    /// The batches of an epoch from batch `first` on, the same as they would be in the whole epoch.
    ///
    /// # Errors
    /// A batch size of 0; transforms that do not fit the pictures.
    pub fn over(loader: L, epoch: u64, first: usize) -> Result<Self> {
        let DataLoader { batch_size, shuffle, seed, dataset, .. } = &*loader;
        if *batch_size == 0 {
            return Err(Error::value("DataLoader", "batch_size must be at least 1"));
        }
        let random = Random::new(*seed).split(epoch);
        let order = shuffle.then(|| random.split(ORDER).permutation(dataset.len()));
        let ahead = None;
        #[cfg_attr(target_arch = "wasm32", expect(unused_mut, reason = "nothing is read ahead in the browser"))]
        let mut epoch = Self { loader, order, random, next: first, ahead };
        #[cfg(not(target_arch = "wasm32"))]
        if epoch.loader.workers > 0 && epoch.loader.resident()?.is_none() {
            let batches = (first..epoch.total()).map(|batch| epoch.samples(batch)).collect();
            epoch.ahead = Some(Ahead::start(&epoch.loader.dataset, batches, epoch.loader.workers));
        }
        Ok(epoch)
    }

    /// The batch that comes next.
    pub fn position(&self) -> usize {
        self.next
    }

    /// How many batches there are in all.
    pub fn total(&self) -> usize {
        self.loader.len()
    }

    /// The samples of a batch.
    fn samples(&self, batch: usize) -> Vec<usize> {
        let from = batch * self.loader.batch_size;
        let to = (from + self.loader.batch_size).min(self.loader.dataset.len());
        match &self.order {
            Some(order) => order[from..to].iter().map(|i| *i as usize).collect(),
            None => (from..to).collect(),
        }
    }

    fn batch(&mut self) -> Result<(Tensor, Tensor)> {
        let samples = self.samples(self.next);
        let read = match self.loader.resident()? {
            Some(_) => None,
            None => Some(self.read(&samples)?),
        };
        let loader = &*self.loader;
        let n = samples.len();
        let labels = loader.labels(&samples)?;
        // A sample's randomness depends on the sample, not on the batch it falls into.
        let random: Vec<Random> = samples.iter().map(|i| self.random.split(*i as u64)).collect();
        let shape = loader.dataset.shape().to_vec();
        let images = if let Some(resident) = loader.resident()? {
            let place = |i: usize| resident.places.as_ref().map_or(i, |places| places[i]);
            let pictures = samples.iter().map(|i| place(*i));
            self.gather(&resident.pixels, resident.pictures, &shape, pictures, &random)?
        } else {
            match read {
                None => return Err(Error::internal("the samples of a batch were not read")),
                Some(Samples::Bytes(bytes)) if shape.len() == 3 => {
                    let pixels = pack(&bytes);
                    let len = pixels.len();
                    let pixels = Tensor::from_array(Array::U32(pixels), [len], &loader.device)?;
                    self.gather(&pixels, n, &shape, 0..n, &random)?
                }
                Some(Samples::Bytes(bytes)) => {
                    self.rows(bytes.iter().map(|b| f32::from(*b) / 255.0).collect(), n, &shape, &random)?
                }
                Some(Samples::Floats(values)) => self.rows(values, n, &shape, &random)?,
            }
        };
        Ok((images, labels))
    }

    fn read(&mut self, samples: &[usize]) -> Result<Samples> {
        match &mut self.ahead {
            Some(ahead) => ahead.take(),
            None => self.loader.dataset.read(samples),
        }
    }

    /// Rows that are no pictures, and what transforms make of them.
    fn rows(&self, values: Vec<f32>, n: usize, shape: &[usize], random: &[Random]) -> Result<Tensor> {
        let shape: Vec<usize> = std::iter::once(n).chain(shape.iter().copied()).collect();
        let rows = Tensor::from_array(Array::F32(values), shape.as_slice(), &self.loader.device)?;
        self.loader.transform.apply(&rows, random)
    }

    /// Pictures out of bytes on the device, and what transforms make of them.
    fn gather(
        &self,
        pixels: &Tensor,
        count: usize,
        shape: &[usize],
        pictures: impl Iterator<Item = usize>,
        random: &[Random],
    ) -> Result<Tensor> {
        let (&[channels, height, width], transform) = (shape, &self.loader.transform) else {
            return Err(Error::internal("a batch of pictures without channels, height and width"));
        };
        let all = transform.transforms();
        let (placing, rest) = all.split_at(transform.placing());
        let mut words = Vec::with_capacity(random.len() * 4);
        let mut size = [height, width];
        for transform in placing {
            size = transform.output(size)?;
        }
        for (picture, random) in pictures.zip(random) {
            let mut crop = Crop { image: picture as u32, ..Crop::default() };
            let mut size = [height, width];
            for (i, transform) in placing.iter().enumerate() {
                transform.crop(&mut crop, size, transforms::stream(*random, i));
                size = transform.output(size)?;
            }
            words.extend(crop.words());
        }
        let n = random.len();
        let device = &self.loader.device;
        let places = Tensor::from_array(Array::I32(words), [n, 4], device)?;
        let normalize = rest.first().and_then(|transform| transform.normalization());
        let normalize = normalize.filter(|normalize| normalize.mean().len() == channels);
        let scale = match normalize.map(|n: &Normalize| (n.mean(), n.std())) {
            Some((mean, std)) => mean.iter().chain(std).map(|x| *x as f32).collect(),
            None => [vec![0.0f32; channels], vec![1.0; channels]].concat(),
        };
        let scale = Tensor::from_array(Array::F32(scale), [2, channels], device)?;
        let how = GatherBatch { images: count, shape: [channels, height, width], size };
        let batch = pixels.gather_batch(&places, &scale, how)?;
        let done = placing.len() + usize::from(normalize.is_some());
        transforms::apply_from(&all[done..], done, &batch, random)
    }
}

impl<L: Deref<Target = DataLoader>> Iterator for Epoch<L> {
    type Item = Result<(Tensor, Tensor)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.loader.len() {
            return None;
        }
        let batch = self.batch();
        self.next = if batch.is_ok() { self.next + 1 } else { usize::MAX };
        Some(batch)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.loader.len().saturating_sub(self.next);
        (left, Some(left))
    }
}
