//! Batches of samples on a device. On a GPU, a data set in memory that fits is copied there once,
//! as bytes. A batch is then one kernel, and a step sends only the indices of its images. Otherwise
//! the samples of each batch are sent, prefetched by threads natively.

use std::cell::OnceCell;
use std::ops::Deref;
use std::sync::Arc;

use super::dataset::{Dataset, Samples, Whole};
use super::prefetch::Prefetcher;
use super::random::Random;
use super::task::{TargetScale, Task};
use super::transforms::{self, Compose, Normalize, Transform};
use crate::device::{Array, Device};
use crate::ops::{Crop, GatherBatch};
use crate::{Error, Result, Tensor};

/// Maximum bytes of a data set in a GPU's memory, whatever the adapter allows.
const MAX_RESIDENT_BYTES: u64 = 1 << 30;

/// Batches of a data set:
/// [torch.utils.data.DataLoader](https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader).
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

/// Images on the device.
struct Resident {
    pixels: Tensor,
    images: usize,
    /// Index on the device of each sample, for a subset.
    indices: Option<Vec<usize>>,
}

impl DataLoader {
    /// Creates a loader of batches of one sample, in order, on the CPU.
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

    /// Sets the number of samples per batch, 1 by default; the last batch may have fewer.
    #[must_use]
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// Shuffles the samples anew in every epoch; `false` by default.
    #[must_use]
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// Sets the seed of the order and the transforms, 0 by default.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Drops a last batch that is smaller than the others; `false` by default.
    #[must_use]
    pub fn drop_last(mut self, drop_last: bool) -> Self {
        self.drop_last = drop_last;
        self
    }

    /// Sets the number of threads that prefetch batches, 0 by default. It has no effect in the
    /// browser, nor for a data set in the GPU's memory.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Sets the transforms of the images, none by default.
    #[must_use]
    pub fn transform(mut self, transform: Compose) -> Self {
        self.transform = transform;
        self
    }

    /// Sets the scale of regression targets; their own unit by default.
    #[must_use]
    pub fn target_scale(mut self, scale: TargetScale) -> Self {
        self.target_scale = scale;
        self
    }

    /// Returns the scale of the targets.
    pub fn scale_of_targets(&self) -> TargetScale {
        self.target_scale
    }

    /// Returns the labels of samples: classes as I32, or scaled targets as F32.
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

    /// Sets the device of the batches, the CPU by default.
    #[must_use]
    pub fn device(mut self, device: &Device) -> Self {
        self.device = device.clone();
        self.resident = OnceCell::new();
        self
    }

    /// Returns the data set.
    pub fn dataset(&self) -> &Arc<dyn Dataset> {
        &self.dataset
    }

    /// Returns the number of batches of an epoch.
    pub fn len(&self) -> usize {
        match self.drop_last {
            true => self.dataset.len() / self.batch_size.max(1),
            false => self.dataset.len().div_ceil(self.batch_size.max(1)),
        }
    }

    /// Returns `true` if an epoch has no batches.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the batches of an epoch: images (or rows) and labels.
    ///
    /// # Errors
    /// The batch size is 0; or a transform does not fit the images.
    pub fn epoch(&self, epoch: u64) -> Result<Epoch<&Self>> {
        Epoch::over(self, epoch, 0)
    }

    /// Returns the images in the GPU's memory, `None` if they are not there.
    fn resident(&self) -> Result<Option<&Resident>> {
        if let Some(found) = self.resident.get() {
            return Ok(found.as_ref());
        }
        let moved = self.move_to_device()?;
        Ok(self.resident.get_or_init(|| moved).as_ref())
    }

    fn move_to_device(&self) -> Result<Option<Resident>> {
        // On the CPU, batches are read from the data set's own memory.
        let Device::Gpu(gpu) = &self.device else { return Ok(None) };
        let mut base: &Arc<dyn Dataset> = &self.dataset;
        let mut indices: Option<Vec<usize>> = None;
        while let Some((whole, part)) = base.part_of() {
            indices = Some(match indices {
                None => part.to_vec(),
                Some(indices) => indices.iter().map(|i| part.get(*i).copied().unwrap_or_default()).collect(),
            });
            base = whole;
        }
        let Some(Whole::Bytes(bytes)) = base.whole() else { return Ok(None) };
        let limits = gpu.limits();
        let max_bytes = MAX_RESIDENT_BYTES.min(limits.max_storage_buffer_binding_size).min(limits.max_buffer_size);
        if base.shape().len() != 3 || bytes.len() as u64 > max_bytes {
            return Ok(None);
        }
        let pixels = pack(bytes);
        let len = pixels.len();
        let pixels = Tensor::from_array(Array::U32(pixels), [len], &self.device)?;
        Ok(Some(Resident { pixels, images: base.len(), indices }))
    }
}

/// Key of the epoch's order; samples have the keys below it.
const ORDER: u64 = u64::MAX;

/// Packs bytes into little-endian words.
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

/// Batches of an epoch, of a borrowed or shared loader.
pub struct Epoch<L: Deref<Target = DataLoader>> {
    loader: L,
    order: Option<Vec<u32>>,
    random: Random,
    next: usize,
    prefetcher: Option<Prefetcher>,
}

impl<L: Deref<Target = DataLoader>> Epoch<L> {
    /// Returns the batches of an epoch from batch `first` on, equal to those of the whole epoch.
    ///
    /// # Errors
    /// The batch size is 0; or a transform does not fit the images.
    pub fn over(loader: L, epoch: u64, first: usize) -> Result<Self> {
        let DataLoader { batch_size, shuffle, seed, dataset, .. } = &*loader;
        if *batch_size == 0 {
            return Err(Error::value("DataLoader", "batch_size must be at least 1"));
        }
        let random = Random::new(*seed).split(epoch);
        let order = shuffle.then(|| random.split(ORDER).permutation(dataset.len()));
        let prefetcher = None;
        #[cfg_attr(target_arch = "wasm32", expect(unused_mut, reason = "the browser has no threads to prefetch with"))]
        let mut epoch = Self { loader, order, random, next: first, prefetcher };
        #[cfg(not(target_arch = "wasm32"))]
        if epoch.loader.workers > 0 && epoch.loader.resident()?.is_none() {
            let batches = (first..epoch.total()).map(|batch| epoch.samples(batch)).collect();
            epoch.prefetcher = Some(Prefetcher::start(&epoch.loader.dataset, batches, epoch.loader.workers));
        }
        Ok(epoch)
    }

    /// Returns the index of the next batch.
    pub fn position(&self) -> usize {
        self.next
    }

    /// Returns the number of batches of the whole epoch.
    pub fn total(&self) -> usize {
        self.loader.len()
    }

    /// Returns the indices of a batch's samples.
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
        // Random numbers of a sample do not depend on its batch.
        let random: Vec<Random> = samples.iter().map(|i| self.random.split(*i as u64)).collect();
        let shape = loader.dataset.shape().to_vec();
        let images = if let Some(resident) = loader.resident()? {
            let index = |i: usize| resident.indices.as_ref().map_or(i, |indices| indices[i]);
            let images = samples.iter().map(|i| index(*i));
            self.gather(&resident.pixels, resident.images, &shape, images, &random)?
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
        match &mut self.prefetcher {
            Some(prefetcher) => prefetcher.next(),
            None => self.loader.dataset.read(samples),
        }
    }

    /// Makes a batch of table rows, and transforms it.
    fn rows(&self, values: Vec<f32>, n: usize, shape: &[usize], random: &[Random]) -> Result<Tensor> {
        let shape: Vec<usize> = std::iter::once(n).chain(shape.iter().copied()).collect();
        let rows = Tensor::from_array(Array::F32(values), shape.as_slice(), &self.loader.device)?;
        self.loader.transform.apply(&rows, random)
    }

    /// Makes a batch of images from bytes on the device, and transforms it.
    fn gather(
        &self,
        pixels: &Tensor,
        count: usize,
        shape: &[usize],
        images: impl Iterator<Item = usize>,
        random: &[Random],
    ) -> Result<Tensor> {
        let (&[channels, height, width], transform) = (shape, &self.loader.transform) else {
            return Err(Error::internal("a batch of images without channels, height and width"));
        };
        let all = transform.transforms();
        let (geometric, rest) = all.split_at(transform.leading_geometric());
        let mut words = Vec::with_capacity(random.len() * 4);
        let mut size = [height, width];
        for transform in geometric {
            size = transform.output(size)?;
        }
        for (image, random) in images.zip(random) {
            let mut crop = Crop { image: image as u32, ..Crop::default() };
            let mut size = [height, width];
            for (i, transform) in geometric.iter().enumerate() {
                transform.crop(&mut crop, size, transforms::stream(*random, i));
                size = transform.output(size)?;
            }
            words.extend(crop.words());
        }
        let n = random.len();
        let device = &self.loader.device;
        let crops = Tensor::from_array(Array::I32(words), [n, 4], device)?;
        let normalize = rest.first().and_then(|transform| transform.normalization());
        let normalize = normalize.filter(|normalize| normalize.mean().len() == channels);
        let scale = match normalize.map(|n: &Normalize| (n.mean(), n.std())) {
            Some((mean, std)) => mean.iter().chain(std).map(|x| *x as f32).collect(),
            None => [vec![0.0f32; channels], vec![1.0; channels]].concat(),
        };
        let scale = Tensor::from_array(Array::F32(scale), [2, channels], device)?;
        let op = GatherBatch { images: count, shape: [channels, height, width], size };
        let batch = pixels.gather_batch(&crops, &scale, op)?;
        let done = geometric.len() + usize::from(normalize.is_some());
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
