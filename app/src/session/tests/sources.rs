//! Data of all formats, dropped on the page: what arrives in pieces is what the command line reads from a disk.

use super::world::{Heard, Played};
use super::{file, said, spec};
use crate::protocol::{DataInfo, DataKind, DataSource, FileKind, FromWorker, ResumeFrom, ToWorker};
use crate::session::{Arrival, data};
use kindling::block_on;
use kindling::data::{OpenOptions, Reader, Task, is_wanted, open};
use kindling::format::ModelFile;
use kindling::train::run_record;
use std::io::Write as _;

type Files = Vec<(String, Vec<u8>)>;

fn png(size: [u32; 2], value: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let image = image::RgbImage::from_pixel(size[0], size[1], image::Rgb([value, 255 - value, 7]));
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn images(places: &[(&str, usize)]) -> Files {
    let of = |(place, n): &(&str, usize)| -> Files {
        (0..*n).map(|i| (format!("set/{place}/{i}.png"), png([12, 8], 20 * i as u8))).collect()
    };
    places.iter().flat_map(of).collect()
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
fn drop_files(played: &mut Played, files: &Files) -> Heard {
    open_files(played, files, |_| {})
}

/// Opens files with other settings than the default ones.
fn open_files(played: &mut Played, files: &Files, settings: impl Fn(&mut DataSource)) -> Heard {
    let names = files.iter().map(|(name, _)| name.clone()).collect();
    let mut source = DataSource::new(DataKind::Files(names));
    settings(&mut source);
    let load = block_on(played.session.handle(ToWorker::OpenData(source.clone()), Vec::new())).unwrap();
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
        block_on(played.session.arrived(load, piece));
    }
    played.world.heard.take()
}

fn ready(heard: &Heard) -> &DataInfo {
    let found = heard.iter().find_map(|(message, _)| match message {
        FromWorker::DataReady(info) => Some(info),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no data in {heard:?}"))
}

#[test]
fn the_page_reads_what_the_command_line_reads() {
    for (number, (what, files, [train, validation, test])) in inputs().into_iter().enumerate() {
        let mut played = Played::new();
        let heard = drop_files(&mut played, &files);
        let info = ready(&heard);
        assert_eq!([info.train, info.validation, info.test], [train, validation, test], "{what}");

        let folder = std::env::temp_dir().join(format!("kindling-sources-{}-{number}", std::process::id()));
        for (name, bytes) in &files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let path = if let [(name, _)] = &files[..] { folder.join(name) } else { folder.clone() };
        let native = open(&path, &OpenOptions::default()).unwrap();
        let loaded = played.session.loaded.as_ref().unwrap();
        let all: Vec<usize> = (0..train).collect();
        assert_eq!(native.train.read(&all).unwrap(), loaded.samples.train.read(&all).unwrap(), "{what}");
        assert_eq!(native.train.classes(), info.classes, "{what}");
        assert_eq!((native.kind, Some(&native.split)), (info.kind.as_str(), info.split.as_ref()), "{what}");
        assert_eq!(native.notes, info.notes, "{what}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn what_was_skipped_is_told() {
    let mut played = Played::new();
    let heard = drop_files(&mut played, &inputs()[1].1);
    let notes = ready(&heard).notes.join("\n");
    assert!(notes.contains("dog/9.jpg") && notes.contains("HTML") && notes.contains("notes.txt"), "{notes}");
}

#[test]
fn what_is_no_data_set_is_refused_in_words() {
    let one = |name: &str, bytes: &[u8]| vec![(name.to_owned(), bytes.to_vec())];
    for (files, words) in [
        (one("notes.txt", b"hello"), "notes.txt"),
        (one("a.csv", b"x,y\n"), "a.csv"),
        (images(&[("only", 3)]), "two"),
        (one("cut.zip", b"PK\x03\x04"), "cut.zip"),
        (mnist()[..3].to_vec(), "t10k-labels-idx1-ubyte"),
    ] {
        let heard = drop_files(&mut Played::new(), &files);
        let failed = |m: &FromWorker| matches!(m, FromWorker::DataFailed { reason } if reason.contains(words));
        assert!(said(&heard, failed), "{words}: {heard:?}");
    }
}

#[test]
fn a_run_whose_files_are_gone_is_not_resumed_on_other_data() {
    let files = inputs().remove(3).1;
    let mut first = Played::new();
    drop_files(&mut first, &files);
    first.ask(ToWorker::Begin { run: 1, spec: spec(1) });
    first.ask(ToWorker::Step(1));
    first.advance();
    first.ask(ToWorker::Pause(1));
    let world = first.world.clone();
    drop(first);

    let mut second = Played::in_world(world);
    second.shapes(64, 16);
    let heard = second.ask(ToWorker::Resume { run: 2, from: ResumeFrom::Automatic });
    let refused =
        |m: &FromWorker| matches!(m, FromWorker::Failed { run: Some(2), reason } if reason.contains("pets.zip"));
    assert!(said(&heard, refused), "{heard:?}");
    drop_files(&mut second, &files);
    let heard = second.ask(ToWorker::Resume { run: 3, from: ResumeFrom::Automatic });
    assert!(said(&heard, |m| matches!(m, FromWorker::Begun(begun) if begun.run == 3)), "{heard:?}");
}

#[test]
fn a_validation_split_is_evaluated_after_each_epoch_and_the_test_split_at_the_end() {
    let mut played = Played::new();
    drop_files(&mut played, &inputs()[2].1);
    played.ask(ToWorker::Begin { run: 1, spec: spec(2) });
    played.ask(ToWorker::Go(1));
    let heard = played.advance();
    let epochs: Vec<_> = heard
        .iter()
        .filter_map(|(message, _)| match message {
            FromWorker::Epoch { result, .. } => Some((result.validation.as_ref()?.samples(), result.test.is_none())),
            _ => None,
        })
        .collect();
    assert_eq!(epochs, [(3, true), (3, true)], "{heard:?}");
    let tested = |m: &FromWorker| matches!(m, FromWorker::Ended { test: Some(test), .. } if test.samples() == 1);
    assert!(said(&heard, tested), "{heard:?}");

    let model = ModelFile::from_bytes(&file(&played.ask(ToWorker::Save(FileKind::Model))), "saved").unwrap();
    let record = run_record(&model).unwrap().unwrap();
    assert_eq!(record.data.validation.map(|split| split.samples), Some(3));
    assert_eq!(record.data.split, ready(&drop_files(&mut Played::new(), &inputs()[2].1)).split);
    assert_eq!(record.selection.metric.as_deref(), Some("validation_loss"));
}

#[test]
fn a_tables_label_task_and_limits_are_those_chosen_and_the_runs_record_has_them() {
    let mut played = Played::new();
    let rows: String = (0..40).map(|i| format!("{i},{},{}\n", i * i % 7, i % 2)).collect();
    let files = vec![("points.csv".to_owned(), format!("x,y,label\n{rows}").into_bytes())];
    let heard = open_files(&mut played, &files, |source| {
        (source.label, source.task, source.train) = (Some("y".into()), Some(Task::Regression), Some(20));
    });
    let info = ready(&heard);
    let table = info.table.clone().unwrap();
    assert_eq!((table.columns.join(" "), table.label, table.task), ("x y label".into(), 1, Task::Regression));
    assert_eq!((info.train, info.test, info.classes.len()), (20, 8, 0));
    let heard = played.ask(ToWorker::Begin { run: 1, spec: spec(1) });
    let begun = heard.iter().find_map(|(message, _)| match message {
        FromWorker::Begun(begun) => Some(begun.spec.data.clone()),
        _ => None,
    });
    let data = begun.unwrap_or_else(|| panic!("not begun: {heard:?}"));
    assert_eq!((data.name.as_str(), data.label.as_deref(), data.task), ("csv", Some("y"), Some(Task::Regression)));
    assert_eq!([data.train_limit, data.test_limit], [Some(20), None]);
}

/// Trains on files, and returns the model's file.
fn model_of(files: &Files) -> Vec<u8> {
    let mut played = Played::new();
    drop_files(&mut played, files);
    played.ask(ToWorker::Begin { run: 1, spec: spec(1) });
    played.ask(ToWorker::Go(1));
    played.advance();
    file(&played.ask(ToWorker::Save(FileKind::Model)))
}

#[test]
fn a_model_of_other_classes_or_columns_does_not_fit_and_the_reason_names_them() {
    let pets = images(&[("cat", 10), ("dog", 5)]);
    let rows: String = (0..40).map(|i| format!("{},{i},{}\n", i * i % 7, ["a", "b"][i % 2])).collect();
    let swapped = vec![("points.csv".to_owned(), format!("y,x,label\n{rows}").into_bytes())];
    for (trained_on, opened_with, words) in [
        (pets.clone(), pets.clone(), None),
        (pets.clone(), images(&[("cat", 10), ("hound", 5)]), Some("cat, hound")),
        (pets, images(&[("ant", 10), ("cat", 5)]), Some("ant, cat")),
        (table(), table(), None),
        (table(), swapped, Some("columns x, y")),
    ] {
        let model = model_of(&trained_on);
        let mut played = Played::new();
        drop_files(&mut played, &opened_with);
        let heard = played.ask_with(ToWorker::Inspect { name: "model.safetensors".into() }, vec![model]);
        let misfit = heard.iter().find_map(|(message, _)| match message {
            FromWorker::Inspected(summary) => Some(summary.misfit.clone()),
            _ => None,
        });
        let misfit = misfit.unwrap_or_else(|| panic!("{heard:?}"));
        match words {
            None => assert_eq!(misfit, None),
            Some(words) => assert!(misfit.as_ref().is_some_and(|m| m.contains(words)), "{words}: {misfit:?}"),
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
