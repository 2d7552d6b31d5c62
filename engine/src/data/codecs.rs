//! Decoders of compressed bytes and of image files: crates natively, the browser's on the page.

use std::future::Future;
use std::pin::Pin;

use super::images::RgbImage;

/// A boxed future of a single thread.
pub type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Compression formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Raw Deflate, as in zips.
    Deflate,
    /// Gzip, of one member or several.
    Gzip,
}

/// Decoders. Errors are sentences without the file's name.
pub trait Codecs: Sync {
    /// Decodes an image: rotated by its EXIF orientation, composited on white where it is not
    /// opaque.
    fn decode<'a>(&'a self, path: &'a str, bytes: Vec<u8>) -> LocalBoxFuture<'a, Result<RgbImage, String>>;

    /// Decompresses bytes, up to `limit` + 1.
    fn inflate<'a>(
        &'a self,
        packing: Packing,
        bytes: &'a [u8],
        limit: u64,
    ) -> LocalBoxFuture<'a, Result<Vec<u8>, String>>;
}

/// Calls `work` for each index below `n`, natively on all cores, and returns the results in order.
pub(super) async fn for_each<'a, T: Send>(n: usize, work: &(dyn Fn(usize) -> LocalBoxFuture<'a, T> + Sync)) -> Vec<T> {
    #[cfg(not(target_arch = "wasm32"))]
    {
        use std::sync::atomic::{AtomicUsize, Ordering};

        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(n);
        let next = AtomicUsize::new(0);
        let run = || {
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= n {
                    return done;
                }
                done.push((index, crate::block_on(work(index))));
            }
        };
        let mut all = Vec::with_capacity(n);
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
            for worker in workers {
                match worker.join() {
                    Ok(done) => all.extend(done),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
        all.sort_by_key(|(index, _)| *index);
        all.into_iter().map(|(_, result)| result).collect()
    }
    #[cfg(target_arch = "wasm32")]
    {
        let mut all = Vec::with_capacity(n);
        for index in 0..n {
            all.push(work(index).await);
        }
        all
    }
}

/// Decoders of the crates `image` and `flate2`.
#[cfg(feature = "codecs")]
pub struct Native;

#[cfg(feature = "codecs")]
impl Codecs for Native {
    fn decode<'a>(&'a self, path: &'a str, bytes: Vec<u8>) -> LocalBoxFuture<'a, Result<RgbImage, String>> {
        Box::pin(async move { super::decode::decode(path, &bytes) })
    }

    fn inflate<'a>(
        &'a self,
        packing: Packing,
        bytes: &'a [u8],
        limit: u64,
    ) -> LocalBoxFuture<'a, Result<Vec<u8>, String>> {
        use std::io::Read as _;

        Box::pin(async move {
            let mut reader: Box<dyn std::io::Read> = match packing {
                Packing::Deflate => Box::new(flate2::read::DeflateDecoder::new(bytes)),
                Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(bytes)),
            };
            let mut content = Vec::new();
            reader.by_ref().take(limit.saturating_add(1)).read_to_end(&mut content).map_err(|e| e.to_string())?;
            Ok(content)
        })
    }
}
