//! Readback from GPU memory, the engine's only wait. In the browser the promise wakes the future;
//! natively the future polls the device when awaited.

use std::rc::Rc;

use futures_channel::oneshot;

use super::buffer::{GpuBuffer, Use};
use super::fault::FAULT_WORDS;
use super::{Gpu, count};
use crate::{Error, Result};

impl Gpu {
    /// Copies the first `words` of each buffer after everything encoded so far, submits, and
    /// returns the words when they have arrived. There is one staging buffer and one wait for any
    /// number of buffers.
    ///
    /// # Errors
    /// A fault reported by a kernel, an error of the GPU, or a lost device.
    pub(crate) fn read(
        &self,
        wanted: &[(Rc<GpuBuffer>, usize)],
    ) -> impl Future<Output = Result<Vec<Vec<u32>>>> + use<> {
        let inner = self.0.clone();
        count(&inner.counts.readbacks, 1);
        let total: usize = wanted.iter().map(|(_, words)| words * 4).sum::<usize>() + FAULT_WORDS * 4;
        let staging = inner.pool.alloc(total, Use::Staging);
        let lengths: Vec<usize> = wanted.iter().map(|(_, words)| *words).collect();
        {
            let mut slot = inner.encoder.borrow_mut();
            let encoder = slot.get_or_insert_with(|| inner.device.create_command_encoder(&Default::default()));
            encoder.copy_buffer_to_buffer(inner.faults.buffer().raw(), 0, staging.raw(), 0, FAULT_WORDS as u64 * 4);
            encoder.clear_buffer(inner.faults.buffer().raw(), 0, None);
            let mut at = FAULT_WORDS as u64 * 4;
            for (buffer, words) in wanted.iter().filter(|(_, words)| *words > 0) {
                encoder.copy_buffer_to_buffer(buffer.raw(), 0, staging.raw(), at, *words as u64 * 4);
                at += *words as u64 * 4;
            }
        }
        self.submit();
        let (sender, receiver) = oneshot::channel();
        staging.raw().map_async(wgpu::MapMode::Read, 0..total as u64, move |result| {
            // The receiver is gone if the future was dropped; the result is then unused.
            let _ = sender.send(result);
        });
        let gpu = self.clone();
        let mapping = Mapping(staging);
        async move {
            #[cfg(not(target_arch = "wasm32"))]
            if let Err(e) = inner.device.poll(wgpu::PollType::wait_indefinitely()) {
                return Err(Error::Gpu(format!("waiting for the device failed: {e}")));
            }
            let mapped = receiver.await.map_err(|_| Error::Gpu("the device went away before a read ended".into()))?;
            if let Some(error) = gpu.take_error() {
                return Err(error);
            }
            mapped.map_err(|e| Error::Gpu(format!("reading back failed: {e}")))?;
            let words: Vec<u32> = {
                let range = mapping
                    .0
                    .raw()
                    .get_mapped_range(0..total as u64)
                    .map_err(|e| Error::Gpu(format!("reading back failed: {e}")))?;
                bytemuck::pod_collect_to_vec(&range)
            };
            drop(mapping);
            if let Some(error) = inner.faults.error(&words) {
                return Err(error);
            }
            let mut rest = words.get(FAULT_WORDS..).unwrap_or_default();
            let mut out = Vec::with_capacity(lengths.len());
            for length in lengths {
                let (head, tail) = rest.split_at(length.min(rest.len()));
                out.push(head.to_vec());
                rest = tail;
            }
            Ok(out)
        }
    }
}

/// A staging buffer, mapped or about to be. If the future is dropped before it completes, the
/// buffer returns to the pool unmapped.
struct Mapping(Rc<GpuBuffer>);

impl Drop for Mapping {
    fn drop(&mut self) {
        self.0.raw().unmap();
    }
}
