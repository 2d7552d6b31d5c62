//! Where the pieces of a data set come from: dropped files and the network. Pieces go into the worker's inbox, and no
//! faster than the session takes them.

use super::fetch::{self, Fetched};
use super::unpack::{self, Pieces};
use super::{Inbox, store::Store};
use crate::channel::Beside;
use crate::js::{call, call_async, get, said};
use crate::protocol::{DataKind, DataSource};
use crate::session::Arrival;
use crate::session::data::options;
use js_sys::Uint8Array;
use kindling::data::catalog::{DataSet, Official};
use kindling::data::{Reader, is_wanted};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::{JsCast as _, JsValue};

/// Supplies an opening with what its source has.
pub async fn supply(load: u32, source: DataSource, beside: Vec<Beside>, inbox: Rc<Inbox>, store: Rc<Store>) {
    let line = Line { load, inbox };
    if !matches!(source.kind, DataKind::Files(_)) {
        store.persist().await;
    }
    let done = match &source.kind {
        DataKind::Shapes => return,
        DataKind::Files(names) => files(&line, &source, names, beside).await,
        DataKind::Url(url) => from_url(&line, &source, url, &store).await,
        kind => match kind.official() {
            Some(found) => official(&line, &source, found, &store).await,
            None => Err(Stop::Failed(format!("The data set {kind:?} is not known to this page."))),
        },
    };
    match done {
        Ok(()) => drop(line.send(Arrival::End).await),
        Err(Stop::Unwanted) => {}
        Err(Stop::Failed(reason)) => drop(line.send(Arrival::Failed(reason)).await),
    }
}

/// Why supplying stopped before its end.
pub enum Stop {
    /// Nobody wants the rest.
    Unwanted,
    /// A sentence for the user.
    Failed(String),
}

impl From<String> for Stop {
    fn from(reason: String) -> Self {
        Self::Failed(reason)
    }
}

/// The way to the session for the pieces of one opening.
pub struct Line {
    load: u32,
    inbox: Rc<Inbox>,
}

impl Line {
    /// Hands over a piece, once there is room.
    pub async fn send(&self, arrival: Arrival) -> Result<(), Stop> {
        self.inbox.send(self.load, arrival).await.then_some(()).ok_or(Stop::Unwanted)
    }
}

/// The user's own files.
async fn files(line: &Line, source: &DataSource, names: &[String], beside: Vec<Beside>) -> Result<(), Stop> {
    // Files of a folder have its name before theirs.
    let first = names.first().map_or("", String::as_str);
    let name = first.split('/').find(|part| !part.is_empty()).unwrap_or("nothing");
    line.send(Arrival::Found(Box::new(Reader::new(name, options(source))), false)).await?;
    let size = |beside: &Beside| match beside {
        Beside::File(file) => file.size(),
        Beside::Bytes(bytes) => bytes.len() as f64,
    };
    let total = beside.iter().map(size).sum::<f64>() as u64;
    // By their last names: CIFAR's test pictures early, so that a run that begins before the end can be tested.
    let last = |i: usize| names[i].rsplit('/').next();
    let taken = Rc::new(OnTheWay::default());
    taken.total.set(Some(total));
    for i in kindling::argsort(names.len().min(beside.len()), &mut |a, b| last(a).cmp(&last(b))) {
        let (name, beside) = (&names[i], beside[i].clone());
        line.send(Arrival::File(name.clone(), Some(size(&beside) as u64))).await?;
        // What no reader wants is named, and not read.
        if !is_wanted(name) {
            line.send(Arrival::FileEnd).await?;
            continue;
        }
        let pieces = match beside {
            Beside::Bytes(bytes) => Own { name: name.clone(), bytes: Some(bytes), reader: None, taken: taken.clone() },
            Beside::File(file) => {
                let stream = call(&file, "stream", &[]).map_err(|error| unreadable(name, &error))?;
                let reader = call(&stream, "getReader", &[]).map_err(|error| unreadable(name, &error))?;
                Own { name: name.clone(), bytes: None, reader: Some(reader), taken: taken.clone() }
            }
        };
        give(line, name, pieces, &taken).await?;
        line.send(Arrival::FileEnd).await?;
    }
    Ok(())
}

/// What is known of the bytes on the way.
#[derive(Default)]
struct OnTheWay {
    taken: Cell<u64>,
    /// Of these, those that the session knows of.
    told: Cell<u64>,
    total: Cell<Option<u64>>,
    note: RefCell<Option<String>>,
}

impl OnTheWay {
    fn count(&self, bytes: &[u8]) {
        self.taken.set(self.taken.get() + bytes.len() as u64);
    }
}

/// A file of the user's own.
struct Own {
    name: String,
    bytes: Option<Vec<u8>>,
    reader: Option<JsValue>,
    taken: Rc<OnTheWay>,
}

impl Pieces for Own {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        let next = match (&self.reader, self.bytes.take()) {
            (Some(reader), _) => chunk(reader).await.map_err(|error| unreadable(&self.name, &error))?,
            (None, bytes) => bytes,
        };
        self.taken.count(next.as_deref().unwrap_or_default());
        Ok(next)
    }
}

/// A file from the network or the storage.
struct Remote {
    fetched: Fetched,
    store: Rc<Store>,
    taken: Rc<OnTheWay>,
}

impl Pieces for Remote {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        let next = self.fetched.next(&self.store).await?;
        self.taken.count(next.as_deref().unwrap_or_default());
        self.taken.total.set(self.fetched.total());
        self.taken.note.replace(self.fetched.note());
        Ok(next)
    }
}

/// Hands over the content of a file as it arrives, unpacked.
async fn give(line: &Line, name: &str, mut pieces: impl Pieces + 'static, way: &OnTheWay) -> Result<(), Stop> {
    let told = || Arrival::Taken(way.taken.get() - way.told.replace(way.taken.get()), way.total.get());
    if !name.ends_with(".tar.gz") && !name.ends_with(".tgz") {
        while let Some(bytes) = pieces.next().await? {
            line.send(told()).await?;
            line.send(Arrival::Bytes(bytes)).await?;
        }
        return Ok(());
    }
    let reader = unpack::gunzip(pieces).map_err(|error| unreadable(name, &error))?;
    loop {
        match chunk(&reader).await {
            Ok(Some(bytes)) => {
                let sent = async {
                    line.send(told()).await?;
                    line.send(Arrival::Bytes(bytes)).await
                };
                if let Err(stop) = sent.await {
                    // What still comes is nobody's.
                    let _ = call(&reader, "cancel", &[]);
                    return Err(stop);
                }
            }
            Ok(None) => return Ok(()),
            // What went wrong on the way is said in a sentence; the rest is the browser's of what is in it.
            Err(error) => {
                let damaged = || {
                    let taken = way.taken.get();
                    format!(
                        "{name} is no .tar.gz, or damaged or cut off within its first {taken} bytes: {}",
                        said(&error)
                    )
                };
                return Err(Stop::Failed(error.as_string().unwrap_or_else(damaged)));
            }
        }
    }
}

/// The next piece of a stream.
pub async fn chunk(reader: &JsValue) -> Result<Option<Vec<u8>>, JsValue> {
    let result = call_async(reader, "read", &[]).await?;
    if get(&result, "done").is_truthy() {
        return Ok(None);
    }
    Ok(get(&result, "value").dyn_ref::<Uint8Array>().map(Uint8Array::to_vec))
}

fn unreadable(name: &str, error: &JsValue) -> String {
    format!("{name} cannot be read: {}. Drop it again.", said(error))
}

async fn from_url(line: &Line, source: &DataSource, url: &str, store: &Rc<Store>) -> Result<(), Stop> {
    let name = url.split(['?', '#']).next().unwrap_or(url).rsplit('/').next().unwrap_or(url).to_owned();
    one(line, url, &name, store, &mut Some(Reader::new(&name, options(source)))).await
}

/// A file from the network or the storage, as the first or a further one of a reading.
async fn one(line: &Line, url: &str, name: &str, store: &Rc<Store>, reading: &mut Option<Reader>) -> Result<(), Stop> {
    let fetched = Fetched::open(url, store).await?;
    if let Some(reading) = reading.take() {
        line.send(Arrival::Found(Box::new(reading), fetched.is_kept())).await?;
    }
    line.send(Arrival::File(name.to_owned(), fetched.total())).await?;
    let taken = Rc::new(OnTheWay::default());
    let pieces = Remote { fetched, store: store.clone(), taken: taken.clone() };
    give(line, name, pieces, &taken).await?;
    let note = taken.note.take();
    if let Some(note) = note {
        line.send(Arrival::Note(note)).await?;
    }
    line.send(Arrival::FileEnd).await
}

/// Supplies a published data set: unpacked, or as it is downloaded.
async fn official(
    line: &Line,
    source: &DataSource,
    (set, files, url): (&DataSet, &Official, Option<&str>),
    store: &Rc<Store>,
) -> Result<(), Stop> {
    let is_archive = |url: &str| url.ends_with(".tar.gz") || url.ends_with(".tgz");
    let reader = || Some(Reader::new(set.title, options(source)));
    match url {
        Some(url) if is_archive(url) => return one(line, url, &file_name(url), store, &mut reader()).await,
        Some(url) => return folder(line, source, files, url.trim_end_matches('/'), store, &mut reader()).await,
        None => {}
    }
    let here = format!("data/{}", files.folder);
    let first = files.train.first().copied().unwrap_or_default();
    if fetch::exists(&format!("{here}/{first}"), store).await {
        return folder(line, source, files, &here, store, &mut reader()).await;
    }
    let packed = files.downloads.first().map_or(String::new(), |file| format!("data/{}", file.path));
    if fetch::exists(&packed, store).await {
        let mut reading = reader();
        for file in files.downloads {
            one(line, &format!("data/{}", file.path), file.file(), store, &mut reading).await?;
        }
        return Ok(());
    }
    Err(Stop::Failed(format!(
        "{} is not on this server: neither {here}/ nor {packed} is there. Whoever serves the page can put it there with \
         `cargo xtask data {}`; or give the address of a copy, or drop the official files on the page.",
        set.title, set.name
    )))
}

fn file_name(url: &str) -> String {
    url.rsplit('/').next().unwrap_or(url).to_owned()
}

/// The files of a folder: the first to train on, then those to test on, then the rest.
async fn folder(
    line: &Line,
    source: &DataSource,
    files: &Official,
    base: &str,
    store: &Rc<Store>,
    reading: &mut Option<Reader>,
) -> Result<(), Stop> {
    let names = files.train.iter().take(1).chain(files.test).chain(files.train.iter().skip(1));
    // Names of classes that stand in a file alone.
    if let (Some(name), []) = (files.class_file, files.classes) {
        let url = format!("{base}/{name}");
        if fetch::exists(&url, store).await {
            one(line, &url, name, store, reading).await?;
        }
    }
    // MNIST's files are images and labels: each is needed.
    let is_samples = |name: &str| name.ends_with(".bin");
    let mut images = 0;
    for name in names {
        let is_train = files.train.contains(name) && is_samples(name);
        // What is wanted may be less than a file.
        if is_train && source.train.is_some_and(|limit| images >= limit) {
            continue;
        }
        let url = format!("{base}/{name}");
        // A smaller collection ends early; the first file must be there.
        if images > 0 && is_train && !fetch::exists(&url, store).await {
            break;
        }
        one(line, &url, name, store, reading).await?;
        if is_train {
            images += files.samples[0] / files.train.len().max(1);
        }
    }
    Ok(())
}
