//! Kernel times from GPU timestamps: each kernel runs in its own pass between two of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::device::{KernelTime, add_time};

/// Maximum number of kernels timed at once; a query set holds 4096 timestamps.
pub const MAX_TIMED_KERNELS: usize = 2048;

/// Timestamps in flight.
pub struct Timing {
    names: Vec<String>,
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    read: wgpu::Buffer,
    mapped: Arc<AtomicBool>,
    /// Nanoseconds per tick.
    period: f64,
}

impl Timing {
    /// Allocates timestamps for kernels of these names.
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue, names: Vec<String>) -> Self {
        let count = 2 * names.len() as u32;
        let size = u64::from(count) * wgpu::QUERY_SIZE as u64;
        let buffer = |usage| {
            let label = Some("timestamps");
            device.create_buffer(&wgpu::BufferDescriptor { label, size, usage, mapped_at_creation: false })
        };
        Self {
            names,
            queries: device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("timestamps"),
                ty: wgpu::QueryType::Timestamp,
                count,
            }),
            resolved: buffer(wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC),
            read: buffer(wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ),
            mapped: Arc::default(),
            period: f64::from(queue.get_timestamp_period()),
        }
    }

    /// Returns the timestamp writes of the pass of kernel `index`.
    pub fn writes(&self, index: usize) -> wgpu::ComputePassTimestampWrites<'_> {
        let first = 2 * index as u32;
        wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(first),
            end_of_pass_write_index: Some(first + 1),
        }
    }

    /// Copies the timestamps to a readable buffer.
    pub fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.resolve_query_set(&self.queries, 0..2 * self.names.len() as u32, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, &self.read, 0, self.read.size());
    }

    /// Requests the mapping; to be called after the submit.
    pub fn ask(&self) {
        let mapped = self.mapped.clone();
        self.read.map_async(wgpu::MapMode::Read, .., move |result| {
            mapped.store(result.is_ok(), Ordering::Release);
        });
    }

    /// Returns the times, if they have arrived.
    pub fn times(&self) -> Option<Vec<KernelTime>> {
        if !self.mapped.load(Ordering::Acquire) {
            return None;
        }
        let mut times = Vec::new();
        {
            let bytes = self.read.get_mapped_range(..).ok()?;
            let (stamps, _) = bytes.as_chunks::<8>();
            let (pairs, _) = stamps.as_chunks::<2>();
            for (name, [begun, ended]) in self.names.iter().zip(pairs) {
                let ticks = u64::from_le_bytes(*ended).saturating_sub(u64::from_le_bytes(*begun));
                add_time(&mut times, name.clone(), ticks as f64 * self.period / 1e6);
            }
        }
        self.read.unmap();
        Some(times)
    }
}
