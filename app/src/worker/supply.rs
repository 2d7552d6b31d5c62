//! Sources of data: dropped files and the network. Pieces go into the worker's inbox, no faster
//! than the session handles them.

use super::fetch::{self, Fetched};
use super::unpack::{self, Pieces};
use super::{Inbox, store::Store};
use crate::channel::Attachment;
use crate::js::{call, call_async, error_message, get};
use crate::protocol::{DataKind, DataSource};
use crate::session::Arrival;
use crate::session::data::options;
use js_sys::Uint8Array;
use kindling::data::catalog::{DataSet, Official};
use kindling::data::{Reader, is_wanted};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::{JsCast as _, JsValue};

/// Supplies a load with the data of its source.
pub async fn supply(load: u32, source: DataSource, attachments: Vec<Attachment>, inbox: Rc<Inbox>, store: Rc<Store>) {
    let sender = PieceSender { load, inbox };
    if !matches!(source.kind, DataKind::Files(_)) {
        store.persist().await;
    }
    let done = match &source.kind {
        DataKind::Shapes => return,
        DataKind::Files(names) => files(&sender, &source, names, attachments).await,
        DataKind::Url(url) => from_url(&sender, &source, url, &store).await,
        kind => match kind.official() {
            Some(found) => official(&sender, &source, found, &store).await,
            None => Err(Stop::Failed(format!("The data set {kind:?} is not known to this page."))),
        },
    };
    match done {
        Ok(()) => drop(sender.send(Arrival::End).await),
        Err(Stop::Unwanted) => {}
        Err(Stop::Failed(reason)) => drop(sender.send(Arrival::Failed(reason)).await),
    }
}

/// Reason why a load stopped early.
pub enum Stop {
    /// The rest is no longer wanted.
    Unwanted,
    /// A sentence for the user.
    Failed(String),
}

impl From<String> for Stop {
    fn from(reason: String) -> Self {
        Self::Failed(reason)
    }
}

/// Sends the pieces of one load to the session.
pub struct PieceSender {
    load: u32,
    inbox: Rc<Inbox>,
}

impl PieceSender {
    /// Sends a piece, once there is room.
    pub async fn send(&self, arrival: Arrival) -> Result<(), Stop> {
        self.inbox.send(self.load, arrival).await.then_some(()).ok_or(Stop::Unwanted)
    }
}

/// Supplies the user's files.
async fn files(
    sender: &PieceSender,
    source: &DataSource,
    names: &[String],
    attachments: Vec<Attachment>,
) -> Result<(), Stop> {
    // Paths of a folder begin with its name.
    let first = names.first().map_or("", String::as_str);
    let name = first.split('/').find(|part| !part.is_empty()).unwrap_or("nothing");
    sender.send(Arrival::Found(Box::new(Reader::new(name, options(source))), false)).await?;
    let size = |attachments: &Attachment| match attachments {
        Attachment::File(file) => file.size(),
        Attachment::Bytes(bytes) => bytes.len() as f64,
    };
    let total = attachments.iter().map(size).sum::<f64>() as u64;
    // Ordered by file name: CIFAR's test batch comes early, so that a run that begins before the
    // end can be evaluated.
    let last = |i: usize| names[i].rsplit('/').next();
    let received = Rc::new(TransferProgress::default());
    received.total.set(Some(total));
    for i in kindling::argsort(names.len().min(attachments.len()), &mut |a, b| last(a).cmp(&last(b))) {
        let (name, attachments) = (&names[i], attachments[i].clone());
        sender.send(Arrival::File(name.clone(), Some(size(&attachments) as u64))).await?;
        // Files that no reader wants are named, not read.
        if !is_wanted(name) {
            sender.send(Arrival::FileEnd).await?;
            continue;
        }
        let pieces = match attachments {
            Attachment::Bytes(bytes) => {
                LocalFile { name: name.clone(), bytes: Some(bytes), reader: None, received: received.clone() }
            }
            Attachment::File(file) => {
                let stream = call(&file, "stream", &[]).map_err(|error| unreadable(name, &error))?;
                let reader = call(&stream, "getReader", &[]).map_err(|error| unreadable(name, &error))?;
                LocalFile { name: name.clone(), bytes: None, reader: Some(reader), received: received.clone() }
            }
        };
        forward(sender, name, pieces, &received).await?;
        sender.send(Arrival::FileEnd).await?;
    }
    Ok(())
}

/// Progress of a transfer, in bytes.
#[derive(Default)]
struct TransferProgress {
    received: Cell<u64>,
    /// Bytes of these that were reported to the session.
    reported: Cell<u64>,
    total: Cell<Option<u64>>,
    note: RefCell<Option<String>>,
}

impl TransferProgress {
    fn count(&self, bytes: &[u8]) {
        self.received.set(self.received.get() + bytes.len() as u64);
    }
}

/// A file of the user.
struct LocalFile {
    name: String,
    bytes: Option<Vec<u8>>,
    reader: Option<JsValue>,
    received: Rc<TransferProgress>,
}

impl Pieces for LocalFile {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        let next = match (&self.reader, self.bytes.take()) {
            (Some(reader), _) => chunk(reader).await.map_err(|error| unreadable(&self.name, &error))?,
            (None, bytes) => bytes,
        };
        self.received.count(next.as_deref().unwrap_or_default());
        Ok(next)
    }
}

/// A file from the network or the cache.
struct RemoteFile {
    fetched: Fetched,
    store: Rc<Store>,
    received: Rc<TransferProgress>,
}

impl Pieces for RemoteFile {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        let next = self.fetched.next(&self.store).await?;
        self.received.count(next.as_deref().unwrap_or_default());
        self.received.total.set(self.fetched.total());
        self.received.note.replace(self.fetched.note());
        Ok(next)
    }
}

/// Forwards the content of a file as it arrives, decompressed.
async fn forward(
    sender: &PieceSender,
    name: &str,
    mut pieces: impl Pieces + 'static,
    progress: &TransferProgress,
) -> Result<(), Stop> {
    let reported = || {
        Arrival::Taken(
            progress.received.get() - progress.reported.replace(progress.received.get()),
            progress.total.get(),
        )
    };
    if !name.ends_with(".tar.gz") && !name.ends_with(".tgz") {
        while let Some(bytes) = pieces.next().await? {
            sender.send(reported()).await?;
            sender.send(Arrival::Bytes(bytes)).await?;
        }
        return Ok(());
    }
    let reader = unpack::gunzip(pieces).map_err(|error| unreadable(name, &error))?;
    loop {
        match chunk(&reader).await {
            Ok(Some(bytes)) => {
                let sent = async {
                    sender.send(reported()).await?;
                    sender.send(Arrival::Bytes(bytes)).await
                };
                if let Err(stop) = sent.await {
                    // The rest is not needed.
                    let _ = call(&reader, "cancel", &[]);
                    return Err(stop);
                }
            }
            Ok(None) => return Ok(()),
            // An error of the transfer is a sentence; any other is of the compressed data.
            Err(error) => {
                let damaged = || {
                    let received = progress.received.get();
                    format!(
                        "{name} is not a .tar.gz, or it is damaged or truncated within its first {received} bytes: {}",
                        error_message(&error)
                    )
                };
                return Err(Stop::Failed(error.as_string().unwrap_or_else(damaged)));
            }
        }
    }
}

/// Returns the next piece of a stream.
pub async fn chunk(reader: &JsValue) -> Result<Option<Vec<u8>>, JsValue> {
    let result = call_async(reader, "read", &[]).await?;
    if get(&result, "done").is_truthy() {
        return Ok(None);
    }
    Ok(get(&result, "value").dyn_ref::<Uint8Array>().map(Uint8Array::to_vec))
}

fn unreadable(name: &str, error: &JsValue) -> String {
    format!("{name} cannot be read: {}. Drop it again.", error_message(error))
}

async fn from_url(sender: &PieceSender, source: &DataSource, url: &str, store: &Rc<Store>) -> Result<(), Stop> {
    let name = url.split(['?', '#']).next().unwrap_or(url).rsplit('/').next().unwrap_or(url).to_owned();
    fetch_file(sender, url, &name, store, &mut Some(Reader::new(&name, options(source)))).await
}

/// Supplies a file from the network or the cache; `reading` is its reader if it is the first.
async fn fetch_file(
    sender: &PieceSender,
    url: &str,
    name: &str,
    store: &Rc<Store>,
    reading: &mut Option<Reader>,
) -> Result<(), Stop> {
    let fetched = Fetched::open(url, store).await?;
    if let Some(reading) = reading.take() {
        sender.send(Arrival::Found(Box::new(reading), fetched.is_cached())).await?;
    }
    sender.send(Arrival::File(name.to_owned(), fetched.total())).await?;
    let received = Rc::new(TransferProgress::default());
    let pieces = RemoteFile { fetched, store: store.clone(), received: received.clone() };
    forward(sender, name, pieces, &received).await?;
    let note = received.note.take();
    if let Some(note) = note {
        sender.send(Arrival::Note(note)).await?;
    }
    sender.send(Arrival::FileEnd).await
}

/// Supplies a published data set: unpacked, or as it is downloaded.
async fn official(
    sender: &PieceSender,
    source: &DataSource,
    (set, files, url): (&DataSet, &Official, Option<&str>),
    store: &Rc<Store>,
) -> Result<(), Stop> {
    let is_archive = |url: &str| url.ends_with(".tar.gz") || url.ends_with(".tgz");
    let reader = || Some(Reader::new(set.title, options(source)));
    match url {
        Some(url) if is_archive(url) => return fetch_file(sender, url, &file_name(url), store, &mut reader()).await,
        Some(url) => return folder(sender, source, files, url.trim_end_matches('/'), store, &mut reader()).await,
        None => {}
    }
    let here = format!("data/{}", files.folder);
    let first = files.train.first().copied().unwrap_or_default();
    if fetch::exists(&format!("{here}/{first}"), store).await {
        return folder(sender, source, files, &here, store, &mut reader()).await;
    }
    let packed = files.downloads.first().map_or(String::new(), |file| format!("data/{}", file.path));
    if fetch::exists(&packed, store).await {
        let mut reading = reader();
        for file in files.downloads {
            fetch_file(sender, &format!("data/{}", file.path), file.file(), store, &mut reading).await?;
        }
        return Ok(());
    }
    Err(Stop::Failed(format!(
        "{} is not on this server: neither {here}/ nor {packed} is there. Who serves the page can add it with \
         `cargo xtask data {}`; or give the address of a copy, or drop the official files on the page.",
        set.title, set.name
    )))
}

fn file_name(url: &str) -> String {
    url.rsplit('/').next().unwrap_or(url).to_owned()
}

/// Supplies the files of a folder: the first of the training split, the test split, then the rest.
async fn folder(
    sender: &PieceSender,
    source: &DataSource,
    files: &Official,
    base: &str,
    store: &Rc<Store>,
    reading: &mut Option<Reader>,
) -> Result<(), Stop> {
    let names = files.train.iter().take(1).chain(files.test).chain(files.train.iter().skip(1));
    // Class names in a file of their own.
    if let (Some(name), []) = (files.class_file, files.classes) {
        let url = format!("{base}/{name}");
        if fetch::exists(&url, store).await {
            fetch_file(sender, &url, name, store, reading).await?;
        }
    }
    // MNIST's files are images and labels, all of which are needed.
    let is_samples = |name: &str| name.ends_with(".bin");
    let mut images = 0;
    for name in names {
        let is_train = files.train.contains(name) && is_samples(name);
        // A limit may be less than a file.
        if is_train && source.train.is_some_and(|limit| images >= limit) {
            continue;
        }
        let url = format!("{base}/{name}");
        // A smaller collection ends early; the first file must be there.
        if images > 0 && is_train && !fetch::exists(&url, store).await {
            break;
        }
        fetch_file(sender, &url, name, store, reading).await?;
        if is_train {
            images += files.samples[0] / files.train.len().max(1);
        }
    }
    Ok(())
}
