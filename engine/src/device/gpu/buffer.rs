//! Pooled GPU memory: a buffer returns to its pool when the last handle is dropped. The pool
//! allocates the free buffer of lowest number first. The same requests then get the same buffers
//! step after step, and cached bind groups fit again.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use crate::device::{Counts, count, uncount};

/// Permitted bindings of a buffer. Buffers of different uses are never exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    /// Storage of tensors.
    Storage,
    /// Uniform parameters of kernels.
    Params,
    /// Staging memory, mapped by the CPU for reading.
    Staging,
}

/// Bytes on the GPU. Dropping the last handle returns them to the pool.
pub struct GpuBuffer {
    kind: Kind,
    raw: wgpu::Buffer,
    pool: Weak<Pool>,
}

impl GpuBuffer {
    /// Returns a number unique among the buffers of this device.
    pub fn id(&self) -> u64 {
        self.kind.2
    }

    /// Returns the wgpu buffer.
    pub(super) fn raw(&self) -> &wgpu::Buffer {
        &self.raw
    }
}

impl Drop for GpuBuffer {
    fn drop(&mut self) {
        match self.pool.upgrade() {
            Some(pool) => {
                let mut free = pool.free.borrow_mut();
                let index = free.partition_point(|(kind, _)| *kind < self.kind);
                free.insert(index, (self.kind, self.raw.clone()));
            }
            // The device is lost. On the web, dropping a wgpu buffer frees nothing: destroy it
            // explicitly.
            None => self.raw.destroy(),
        }
    }
}

/// Use, size in bytes and number of a buffer.
type Kind = (Use, u64, u64);

pub(super) struct Pool {
    device: wgpu::Device,
    counts: Rc<Counts>,
    /// Free buffers, ordered by key.
    free: RefCell<Vec<(Kind, wgpu::Buffer)>>,
}

impl Pool {
    pub fn new(device: wgpu::Device, counts: Rc<Counts>) -> Self {
        Self { device, counts, free: RefCell::default() }
    }

    pub fn alloc(self: &Rc<Self>, bytes: usize, usage: Use) -> Rc<GpuBuffer> {
        let bytes = size_class(bytes as u64);
        let mut free = self.free.borrow_mut();
        let first = free.partition_point(|(kind, _)| *kind < (usage, bytes, 0));
        let fits = free.get(first).is_some_and(|((of, size, _), _)| (*of, *size) == (usage, bytes));
        let (kind, raw) = if fits { free.remove(first) } else { self.create(bytes, usage) };
        Rc::new(GpuBuffer { kind, raw, pool: Rc::downgrade(self) })
    }

    fn create(&self, bytes: u64, of: Use) -> (Kind, wgpu::Buffer) {
        use wgpu::BufferUsages as U;
        let usage = match of {
            Use::Storage => U::STORAGE | U::COPY_SRC | U::COPY_DST,
            Use::Params => U::UNIFORM | U::COPY_DST,
            Use::Staging => U::MAP_READ | U::COPY_DST,
        };
        let raw = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: bytes,
            usage,
            mapped_at_creation: false,
        });
        count(&self.counts.buffers_created, 1);
        count(&self.counts.buffers_live, 1);
        count(&self.counts.bytes_live, bytes);
        ((of, bytes, self.counts.buffers_created.get()), raw)
    }
}

impl Pool {
    /// Destroys the free buffers; those in use stay.
    pub fn trim(&self) {
        for ((_, bytes, _), raw) in self.free.take() {
            raw.destroy();
            uncount(&self.counts.buffers_live, 1);
            uncount(&self.counts.bytes_live, bytes);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.trim();
    }
}

/// Rounds a size up to 256 bytes, and above 4 KiB to an eighth of the power of two below. Nearly
/// equal requests share buffers, and at most an eighth is wasted.
fn size_class(bytes: u64) -> u64 {
    let bytes = bytes.max(1);
    let step = if bytes <= 4096 { 256 } else { (1u64 << (63 - bytes.leading_zeros())) / 8 };
    bytes.div_ceil(step) * step
}

#[cfg(test)]
mod tests {
    use super::size_class;

    #[test]
    fn classes_waste_at_most_an_eighth_and_never_shrink() {
        let mut last = 0;
        for bytes in (1..70_000).chain([1 << 20, (1 << 20) + 1, 123_456_789]) {
            let class = size_class(bytes);
            assert!(class >= bytes && class.is_multiple_of(256), "{bytes} -> {class}");
            assert!(bytes < 4096 || class - bytes <= bytes / 8, "{bytes} -> {class}");
            assert!(class >= last || bytes < last);
            last = class;
        }
    }
}
