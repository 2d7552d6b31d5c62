//! Data of all formats, dropped on the page: the page reads the same samples in pieces as the
//! command line reads from files.

use super::host::{Messages, TestSession};
use super::{file, found, has, spec};
use crate::protocol::{DataInfo, DataKind, DataSource, FileKind, FromWorker, ResumeFrom, ToWorker};
use crate::session::{Arrival, data};
use kindling::block_on;
use kindling::data::{OpenOptions, Reader, Task, is_wanted, open};
use kindling::format::ModelFile;
use kindling::train::{DataSpec, run_record};
use std::io::Write as _;

type Files = Vec<(String, Vec<u8>)>;

fn png(size: [u32; 2], value: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let image = image::RgbImage::from_pixel(size[0], size[1], image::Rgb([value, 255 - value, 7]));
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn images(folders: &[(&str, usize)]) -> Files {
    let of = |(folder, n): &(&str, usize)| -> Files {
        (0..*n).map(|i| (format!("set/{folder}/{i}.png"), png([12, 8], 20 * i as u8))).collect()
    };
    folders.iter().flat_map(of).collect()
}

fn idx(dimensions: &[u32], data: &[u8]) -> Vec<u8> {
    let sizes = dimensions.iter().flat_map(|size| size.to_be_bytes());
    [0, 0, 8, dimensions.len() as u8].into_iter().chain(sizes).chain(data.iter().copied()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zipped(files: &Files) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        out.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

fn mnist() -> Files {
    let file = |n: u32| idx(&[n, 3, 2], &(0..6 * n as u8).collect::<Vec<u8>>());
    let labels = |n: u32| idx(&[n], &(0..n as u8).map(|i| i % 10).collect::<Vec<u8>>());
    vec![
        ("MNIST/raw/train-images-idx3-ubyte.gz".into(), gzip(&file(12))),
        ("MNIST/raw/train-labels-idx1-ubyte".into(), labels(12)),
        ("MNIST/raw/t10k-images-idx3-ubyte".into(), file(4)),
        ("MNIST/raw/t10k-labels-idx1-ubyte".into(), labels(4)),
    ]
}

fn table() -> Files {
    let rows: String = (0..40).map(|i| format!("{i},{},{}\n", i * i % 7, ["a", "b"][i % 2])).collect();
    vec![("points.csv".into(), format!("x,y,label\n{rows}").into_bytes())]
}

/// Data of every format, and the numbers of its training, validation and test samples.
fn inputs() -> Vec<(&'static str, Files, [usize; 3])> {
    let plain = images(&[("cat", 10), ("dog", 5)]);
    let mut broken = plain.clone();
    broken.push(("set/dog/9.jpg".into(), b"<!DOCTYPE html>".to_vec()));
    broken.push(("set/dog/notes.txt".into(), b"stray".to_vec()));
    vec![
        ("a folder", plain.clone(), [12, 0, 3]),
        ("a folder with a broken image", broken, [11, 0, 4]),
        (
            "splits",
            images(&[("Training/a", 4), ("Training/b", 3), ("valid/a", 2), ("valid/b", 1), ("test/a", 1)]),
            [7, 3, 1],
        ),
        ("a zip", vec![("pets.zip".into(), zipped(&plain))], [12, 0, 3]),
        ("MNIST", mnist(), [12, 0, 4]),
        ("a zip of MNIST", vec![("digits.zip".into(), zipped(&mnist()))], [12, 0, 4]),
        ("a table", table(), [32, 0, 8]),
        ("a zip of a table", vec![("points.zip".into(), zipped(&table()))], [32, 0, 8]),
    ]
}

/// Opens files as the page does: by their names, then in pieces.
fn drop_files(page: &mut TestSession, files: &Files) -> Messages {
    open_files(page, files, |_| {})
}

/// Opens files with other settings than the default ones.
fn open_files(page: &mut TestSession, files: &Files, settings: impl Fn(&mut DataSource)) -> Messages {
    let names = files.iter().map(|(name, _)| name.clone()).collect();
    let mut source = DataSource::new(DataKind::Files(names));
    settings(&mut source);
    let load = block_on(page.session.handle(ToWorker::OpenData(source.clone()), Vec::new())).unwrap();
    let name = files.first().map_or("nothing", |(name, _)| name.split('/').next().unwrap());
    let mut pieces = vec![Arrival::Found(Box::new(Reader::new(name, data::options(&source))), false)];
    for (name, bytes) in files {
        pieces.push(Arrival::File(name.clone(), Some(bytes.len() as u64)));
        if is_wanted(name) {
            pieces.extend(bytes.chunks(1000).map(|piece| Arrival::Bytes(piece.to_vec())));
        }
        pieces.push(Arrival::FileEnd);
    }
    pieces.push(Arrival::End);
    for piece in pieces {
        block_on(page.session.arrived(load, piece));
    }
    page.host.messages.take()
}

fn ready(messages: &Messages) -> &DataInfo {
    let found = messages.iter().find_map(|(message, _)| match message {
        FromWorker::DataReady(info) => Some(info),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no data in {messages:?}"))
}

#[test]
fn the_page_reads_what_the_command_line_reads() {
    for (number, (case, files, [train, validation, test])) in inputs().into_iter().enumerate() {
        let mut page = TestSession::new();
        let messages = drop_files(&mut page, &files);
        let info = ready(&messages);
        assert_eq!([info.train, info.validation, info.test], [train, validation, test], "{case}");

        let folder = std::env::temp_dir().join(format!("kindling-sources-{}-{number}", std::process::id()));
        for (name, bytes) in &files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let path = if let [(name, _)] = &files[..] { folder.join(name) } else { folder.clone() };
        let native = open(&path, &OpenOptions::default()).unwrap();
        let loaded = page.session.data.loaded().unwrap();
        let all: Vec<usize> = (0..train).collect();
        assert_eq!(native.train.read(&all).unwrap(), loaded.samples.train.read(&all).unwrap(), "{case}");
        assert_eq!(native.train.classes(), info.classes, "{case}");
        assert_eq!((native.kind, Some(&native.split)), (info.kind.as_str(), info.split.as_ref()), "{case}");
        assert_eq!(native.notes, info.notes, "{case}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn skipped_files_are_noted() {
    let mut page = TestSession::new();
    let messages = drop_files(&mut page, &inputs()[1].1);
    let notes = ready(&messages).notes.join("\n");
    assert!(notes.contains("dog/9.jpg") && notes.contains("HTML") && notes.contains("notes.txt"), "{notes}");
}

#[test]
fn other_files_are_refused_with_a_reason() {
    let one = |name: &str, bytes: &[u8]| vec![(name.to_owned(), bytes.to_vec())];
    for (files, text) in [
        (one("notes.txt", b"hello"), "notes.txt"),
        (one("a.csv", b"x,y\n"), "a.csv"),
        (images(&[("only", 3)]), "two"),
        (one("cut.zip", b"PK\x03\x04"), "cut.zip"),
        (mnist()[..3].to_vec(), "t10k-labels-idx1-ubyte"),
    ] {
        let messages = drop_files(&mut TestSession::new(), &files);
        let failed = |m: &FromWorker| matches!(m, FromWorker::DataFailed { reason } if reason.contains(text));
        assert!(has(&messages, failed), "{text}: {messages:?}");
    }
}

#[test]
fn a_run_whose_files_are_gone_is_not_resumed_on_other_data() {
    let files = inputs().remove(3).1;
    let mut first = TestSession::new();
    drop_files(&mut first, &files);
    first.ask(ToWorker::Begin { run: 1, spec: spec(1) });
    first.ask(ToWorker::Step(1));
    first.advance();
    first.ask(ToWorker::Pause(1));
    let host = first.host.clone();
    drop(first);

    let mut second = TestSession::with_host(host);
    let from = ResumeFrom::Slot(found(&second.host.messages.take()).remove(0));
    second.shapes(64, 16);
    let messages = second.ask(ToWorker::Resume { run: 2, from: from.clone() });
    let refused =
        |m: &FromWorker| matches!(m, FromWorker::Failed { run: Some(2), reason } if reason.contains("pets.zip"));
    assert!(has(&messages, refused), "{messages:?}");
    drop_files(&mut second, &files);
    let messages = second.ask(ToWorker::Resume { run: 3, from });
    assert!(has(&messages, |m| matches!(m, FromWorker::Begun(begun) if begun.run == 3)), "{messages:?}");
}

#[test]
fn a_validation_split_is_evaluated_after_each_epoch_and_the_test_split_at_the_end() {
    let mut page = TestSession::new();
    drop_files(&mut page, &inputs()[2].1);
    page.ask(ToWorker::Begin { run: 1, spec: spec(2) });
    page.ask(ToWorker::Train(1));
    let messages = page.advance();
    let epochs: Vec<_> = messages
        .iter()
        .filter_map(|(message, _)| match message {
            FromWorker::Epoch { result, .. } => Some((result.validation.as_ref()?.samples(), result.test.is_none())),
            _ => None,
        })
        .collect();
    assert_eq!(epochs, [(3, true), (3, true)], "{messages:?}");
    let tested = |m: &FromWorker| matches!(m, FromWorker::Ended { test: Some(test), .. } if test.samples() == 1);
    assert!(has(&messages, tested), "{messages:?}");

    let model = ModelFile::from_bytes(&file(&page.ask(ToWorker::Save(FileKind::Model))), "saved").unwrap();
    let record = run_record(&model).unwrap().unwrap();
    assert_eq!(record.data.validation.map(|split| split.samples), Some(3));
    assert_eq!(record.data.split, ready(&drop_files(&mut TestSession::new(), &inputs()[2].1)).split);
    assert_eq!(record.selection.metric.as_deref(), Some("validation_loss"));
}

#[test]
fn a_tables_label_task_and_limits_are_those_chosen_and_the_runs_record_has_them() {
    let mut page = TestSession::new();
    let rows: String = (0..40).map(|i| format!("{i},{},{}\n", i * i % 7, i % 2)).collect();
    let files = vec![("points.csv".to_owned(), format!("x,y,label\n{rows}").into_bytes())];
    let messages = open_files(&mut page, &files, |source| {
        (source.label, source.task, source.train) = (Some("y".into()), Some(Task::Regression), Some(20));
    });
    let info = ready(&messages);
    let table = info.table.clone().unwrap();
    assert_eq!((table.columns.join(" "), table.label, table.task), ("x y label".into(), 1, Task::Regression));
    assert_eq!((info.train, info.test, info.classes.len()), (20, 8, 0));
    let messages = page.ask(ToWorker::Begin { run: 1, spec: spec(1) });
    let begun = messages.iter().find_map(|(message, _)| match message {
        FromWorker::Begun(begun) => Some(begun.spec.data.clone()),
        _ => None,
    });
    let data = begun.unwrap_or_else(|| panic!("not begun: {messages:?}"));
    assert_eq!((data.name.as_str(), data.label.as_deref(), data.task), ("csv", Some("y"), Some(Task::Regression)));
    assert_eq!([data.train_limit, data.test_limit], [Some(20), None]);
}

/// Trains on files, and returns the model's file.
fn model_of(files: &Files) -> Vec<u8> {
    let mut page = TestSession::new();
    drop_files(&mut page, files);
    page.ask(ToWorker::Begin { run: 1, spec: spec(1) });
    page.ask(ToWorker::Train(1));
    page.advance();
    file(&page.ask(ToWorker::Save(FileKind::Model)))
}

#[test]
fn a_model_of_other_classes_or_columns_does_not_fit_and_the_reason_names_them() {
    let pets = images(&[("cat", 10), ("dog", 5)]);
    let rows: String = (0..40).map(|i| format!("{},{i},{}\n", i * i % 7, ["a", "b"][i % 2])).collect();
    let swapped = vec![("points.csv".to_owned(), format!("y,x,label\n{rows}").into_bytes())];
    for (trained_on, opened_with, text) in [
        (pets.clone(), pets.clone(), None),
        (pets.clone(), images(&[("cat", 10), ("hound", 5)]), Some("cat, hound")),
        (pets, images(&[("ant", 10), ("cat", 5)]), Some("ant, cat")),
        (table(), table(), None),
        (table(), swapped, Some("columns x, y")),
    ] {
        let model = model_of(&trained_on);
        let mut page = TestSession::new();
        drop_files(&mut page, &opened_with);
        let messages = page.ask_with(ToWorker::OpenFile { name: "model.safetensors".into() }, vec![model]);
        let mismatch = messages.iter().find_map(|(message, _)| match message {
            FromWorker::FileOpened(summary) => Some(summary.mismatch.clone()),
            _ => None,
        });
        let mismatch = mismatch.unwrap_or_else(|| panic!("{messages:?}"));
        match text {
            None => assert_eq!(mismatch, None),
            Some(text) => assert!(mismatch.as_ref().is_some_and(|m| m.contains(text)), "{text}: {mismatch:?}"),
        }
    }
}

#[test]
fn published_sets_keep_their_earlier_names() {
    let kind: DataKind = serde_json::from_str(r#"{"cifar":{"hundred":true,"url":null}}"#).unwrap();
    assert_eq!((kind.name(), kind.official().unwrap().0.title), ("cifar100", "CIFAR-100"));
    let kind = DataKind::Official { name: "fashion-mnist".into(), url: None };
    assert_eq!(kind.official().unwrap().1.folder, "FashionMNIST/raw");
    assert!(DataKind::Official { name: "shapes".into(), url: None }.official().is_none());
}

#[test]
fn the_settings_of_a_run_name_its_data() {
    let official = DataKind::Official { name: "cifar10".into(), url: Some("https://example.org/cifar".into()) };
    for kind in [DataKind::Shapes, official] {
        let source = DataSource { train: Some(500), ..DataSource::new(kind) };
        let mut settings = DataSpec::default();
        source.record(source.kind.name(), &mut settings);
        let named = DataSource::from_settings(&settings).expect("it has a name");
        assert!(named.is_same_data(&source), "{named:?}");
        assert!(!named.is_same_data(&DataSource::new(source.kind)), "another number of samples");
    }
    let own = DataSpec { name: "folder".into(), ..DataSpec::default() };
    assert_eq!(DataSource::from_settings(&own), None);
}
