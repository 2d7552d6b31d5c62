//! A file from a server, cached in the browser's storage piece by piece as it arrives: the next
//! visit fetches nothing, and a broken download resumes.

use super::store::Store;
use super::supply::chunk;
use crate::js::{call, call_async, error_message, get, global, object};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;

/// Size of a cached piece, in bytes.
const PIECE_BYTES: usize = 4 << 20;

/// Cached metadata of a file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct CachedFile {
    pieces: usize,
    bytes: u64,
    total: Option<u64>,
    /// Version tag of the file from the server.
    tag: Option<String>,
    complete: bool,
}

/// A file being fetched.
pub struct Fetched {
    url: String,
    cached: CachedFile,
    /// Next piece to read from the storage.
    next: usize,
    /// Stream from the server; `None` before the request, and if there is none.
    stream: Option<JsValue>,
    /// Bytes that have arrived and are not cached yet.
    uncached: Vec<u8>,
    /// Number of bytes passed on.
    delivered: u64,
    /// Reason why nothing more is cached.
    cache_error: Option<String>,
}

fn metadata_key(url: &str) -> String {
    format!("data {url}")
}

fn piece_key(url: &str, number: usize) -> String {
    format!("data {url} {number}")
}

async fn cached(url: &str, store: &Store) -> Option<CachedFile> {
    let bytes = store.get(&metadata_key(url)).await.ok()??;
    kindling::json::read(std::str::from_utf8(&bytes).ok()?).ok()
}

/// Returns `true` if a file is cached whole, or its server has it.
pub async fn exists(url: &str, store: &Store) -> bool {
    if cached(url, store).await.is_some_and(|cached| cached.complete) {
        return true;
    }
    let options = object(&[("method", "HEAD".into())]);
    match call_async(&global(), "fetch", &[url.into(), options]).await {
        Ok(response) => get(&response, "ok").is_truthy() && !is_page(&response),
        Err(_) => false,
    }
}

/// Returns `true` if a server answered with a page: some do for missing files.
fn is_page(response: &JsValue) -> bool {
    header(response, "content-type").is_some_and(|kind| kind.starts_with("text/html"))
}

fn header(response: &JsValue, name: &str) -> Option<String> {
    call(&get(response, "headers"), "get", &[name.into()]).ok()?.as_string()
}

impl Fetched {
    /// Determines the cached part, and requests the rest from the server.
    ///
    /// # Errors
    /// A sentence: the missing file, and what to do.
    pub async fn open(url: &str, store: &Store) -> Result<Self, String> {
        let cached = cached(url, store).await.unwrap_or_default();
        let mut fetched = Self {
            url: url.to_owned(),
            cached,
            next: 0,
            stream: None,
            uncached: Vec::new(),
            delivered: 0,
            cache_error: None,
        };
        if !fetched.cached.complete {
            fetched.request().await?;
        }
        Ok(fetched)
    }

    /// Returns `true` if all of it comes from the storage.
    pub fn is_cached(&self) -> bool {
        self.cached.complete
    }

    /// Returns the total number of bytes, if it is known.
    pub fn total(&self) -> Option<u64> {
        self.cached.total
    }

    /// Returns the reason why it is not cached, if it is not.
    pub fn note(&self) -> Option<String> {
        self.cache_error.as_ref().map(|reason| format!("It is not cached for the next visit: {reason}"))
    }

    /// Requests the part that is not cached.
    async fn request(&mut self) -> Result<(), String> {
        let from = self.cached.bytes;
        let options = if from > 0 {
            object(&[("headers", object(&[("Range", format!("bytes={from}-").into())]))])
        } else {
            object(&[])
        };
        let url = &self.url;
        let response = call_async(&global(), "fetch", &[url.as_str().into(), options]).await.map_err(|error| {
            format!(
                "{url} could not be fetched ({}). Either there is no connection, or its server does not let other pages \
                 read it (CORS): download it and drop the file on this page instead.",
                error_message(&error)
            )
        })?;
        let status = get(&response, "status").as_f64().unwrap_or(0.0);
        if is_page(&response) || status == 404.0 {
            return Err(format!("There is no {url}: the server has no such file. Check the address."));
        }
        let length = header(&response, "content-length").and_then(|length| length.parse::<u64>().ok());
        let tag = header(&response, "etag").or_else(|| header(&response, "last-modified"));
        if status == 206.0 && from > 0 {
            let range = header(&response, "content-range");
            let total = range.and_then(|range| range.rsplit('/').next()?.parse::<u64>().ok());
            let total = total.or(length.map(|length| from + length));
            // Another version of the file does not match the cached part.
            if total.is_some() && (total != self.cached.total || tag != self.cached.tag) {
                self.cached = CachedFile::default();
                return Box::pin(self.request()).await;
            }
        } else if status == 200.0 {
            // For a compressed transfer, the length is that of the compressed bytes.
            let packed = header(&response, "content-encoding").is_some_and(|encoding| encoding != "identity");
            self.cached = CachedFile { total: length.filter(|_| !packed), tag, ..CachedFile::default() };
        } else if status == 416.0 && from > 0 {
            self.cached = CachedFile::default();
            return Box::pin(self.request()).await;
        } else {
            return Err(format!(
                "{url} could not be fetched: the server answered with status {status}. Try again later."
            ));
        }
        let reader = call(&get(&response, "body"), "getReader", &[]);
        self.stream = Some(reader.map_err(|error| format!("{url} cannot be read: {}", error_message(&error)))?);
        Ok(())
    }

    /// Returns the next bytes: cached ones first, then those from the server; `None` at the end.
    ///
    /// # Errors
    /// A sentence: the transfer broke off, and how to resume.
    pub async fn next(&mut self, store: &Store) -> Result<Option<Vec<u8>>, String> {
        if self.next < self.cached.pieces && (self.delivered < self.cached.bytes) && self.uncached.is_empty() {
            let found = store.get(&piece_key(&self.url, self.next)).await.ok().flatten();
            let Some(bytes) = found else {
                // The browser has deleted a piece: all is fetched again, the next time.
                let _ = store.delete(vec![metadata_key(&self.url)]).await;
                return Err(format!("The cached part of {} is damaged. Open it again to download it again.", self.url));
            };
            self.next += 1;
            self.delivered += bytes.len() as u64;
            return Ok(Some(bytes));
        }
        let Some(stream) = &self.stream else { return Ok(None) };
        match chunk(stream).await {
            Ok(Some(bytes)) => {
                self.delivered += bytes.len() as u64;
                self.uncached.extend_from_slice(&bytes);
                if self.uncached.len() >= PIECE_BYTES {
                    self.cache(store, false).await;
                }
                Ok(Some(bytes))
            }
            Ok(None) if self.cached.total.is_some_and(|total| self.delivered < total) => {
                self.cache(store, false).await;
                Err(self.interrupted("the server ended it early"))
            }
            Ok(None) => {
                self.cached.total = Some(self.delivered);
                self.cache(store, true).await;
                self.stream = None;
                Ok(None)
            }
            Err(error) => {
                self.cache(store, false).await;
                Err(self.interrupted(&error_message(&error)))
            }
        }
    }

    fn interrupted(&self, why: &str) -> String {
        let resumes = if self.cache_error.is_none() { "resume the download" } else { "download it again" };
        format!("{} broke off after {} bytes ({why}). Try again to {resumes}.", self.url, self.delivered)
    }

    /// Caches the bytes that have arrived since the last call.
    async fn cache(&mut self, store: &Store, complete: bool) {
        let uncached = std::mem::take(&mut self.uncached);
        if self.cache_error.is_some() || (uncached.is_empty() && !complete) {
            return;
        }
        let mut next = self.cached.clone();
        next.bytes += uncached.len() as u64;
        next.complete = complete;
        let mut entries = Vec::new();
        if !uncached.is_empty() {
            entries.push((piece_key(&self.url, next.pieces), uncached));
            next.pieces += 1;
        }
        match kindling::json::write(&next) {
            Ok(json) => entries.push((metadata_key(&self.url), json.into_bytes())),
            Err(error) => return self.cache_error = Some(error),
        }
        match store.put(entries).await {
            Ok(()) => {
                self.next = next.pieces;
                self.cached = next;
            }
            Err(reason) => self.cache_error = Some(reason),
        }
    }
}
