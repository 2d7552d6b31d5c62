//! Prefetching: threads read the samples of the next batches while the current one is processed;
//! natively only. Thread `k` of `n` reads every `n`-th batch, so that batches arrive in order
//! without sorting.

#[cfg(not(target_arch = "wasm32"))]
use std::sync::Arc;
use std::sync::mpsc::Receiver;
#[cfg(not(target_arch = "wasm32"))]
use std::sync::mpsc::sync_channel;

#[cfg(not(target_arch = "wasm32"))]
use super::dataset::Dataset;
use super::dataset::Samples;
use crate::{Error, Result};

/// Number of batches that each thread reads ahead.
#[cfg(not(target_arch = "wasm32"))]
const DEPTH: usize = 2;

/// Threads that read the batches of an epoch. They end after the last batch, or when this is
/// dropped.
pub(super) struct Prefetcher {
    lanes: Vec<Receiver<Result<Samples>>>,
    next: usize,
}

impl Prefetcher {
    /// Starts reading the samples of `batches` on `workers` threads.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn start(dataset: &Arc<dyn Dataset>, batches: Vec<Vec<usize>>, workers: usize) -> Self {
        let mut lanes: Vec<Vec<Vec<usize>>> = vec![Vec::new(); workers];
        for (i, samples) in batches.into_iter().enumerate() {
            lanes[i % workers].push(samples);
        }
        let lane = |batches: Vec<Vec<usize>>| {
            let dataset = dataset.clone();
            let (sender, receiver) = sync_channel(DEPTH);
            std::thread::spawn(move || {
                for samples in batches {
                    // The receiver is gone: the epoch was dropped before its end.
                    if sender.send(dataset.read(&samples)).is_err() {
                        return;
                    }
                }
            });
            receiver
        };
        Self { lanes: lanes.into_iter().map(lane).collect(), next: 0 }
    }

    /// Returns the next batch.
    pub fn next(&mut self) -> Result<Samples> {
        let lane = self.next % self.lanes.len().max(1);
        self.next += 1;
        let received = self.lanes.get(lane).map(Receiver::recv);
        match received {
            Some(Ok(samples)) => samples,
            _ => Err(Error::internal("a thread that reads ahead has ended too early")),
        }
    }
}
