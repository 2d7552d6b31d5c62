//! Readers of data sets: what is in the files comes out, in whatever pieces the bytes arrive, and what is wrong
//! is said with its place. Never a panic.
#![cfg(not(target_arch = "wasm32"))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use std::io::Write;
use std::path::PathBuf;

use kindling::data::archive::{Sink, Tar};
use kindling::data::files::Files;
use kindling::data::layout::Layout;
use kindling::data::{
    Cifar, CifarReader, Dataset, Limits, OpenOptions, Samples, Split, Table, TableOptions, idx, images, open,
};
use kindling_tests::checks::refusal;
use proptest::prelude::*;

/// A folder of its own, removed when the test has passed.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kindling-data-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

/// Records whose pixels tell their number.
fn records(set: Cifar, from: usize, n: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for i in from..from + n {
        if set == Cifar::Cifar100 {
            bytes.push((i % 20) as u8);
        }
        bytes.push((i % 10) as u8);
        bytes.extend((0..3072).map(|p| (i * 31 + p) as u8));
    }
    bytes
}

fn limits(train: usize, test: usize) -> OpenOptions {
    OpenOptions { limits: Limits { train: Some(train), test: Some(test) }, ..OpenOptions::default() }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append_data(&mut header, name, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

fn cifar_tar(train: usize, test: usize) -> Vec<u8> {
    tar(&[
        ("cifar-10-batches-bin/data_batch_1.bin", &records(Cifar::Cifar10, 0, train)),
        ("cifar-10-batches-bin/readme.html", b"<html>"),
        ("cifar-10-batches-bin/test_batch.bin", &records(Cifar::Cifar10, 100, test)),
    ])
}

#[test]
fn cifar_10_from_a_folder_with_limits() {
    let folder = Folder::new("cifar");
    folder.write("cifar-10-batches-bin/data_batch_1.bin", &records(Cifar::Cifar10, 0, 30));
    folder.write("cifar-10-batches-bin/data_batch_2.bin", &records(Cifar::Cifar10, 30, 30));
    folder.write("cifar-10-batches-bin/test_batch.bin", &records(Cifar::Cifar10, 0, 20));
    let data = open(&folder.0, &limits(45, 20)).unwrap();
    assert_eq!((data.name.as_str(), data.train.len(), data.test.len()), ("CIFAR-10", 45, 20));
    assert_eq!(data.train.shape(), [3, 32, 32]);
    assert_eq!(data.train.classes()[6], "frog");
    assert_eq!(data.train.label(44).unwrap(), 4);
    let Samples::Bytes(bytes) = data.train.read(&[44, 0]).unwrap() else { panic!() };
    assert_eq!(bytes[..3072], records(Cifar::Cifar10, 44, 1)[1..]);
    assert_eq!(bytes[3072..], records(Cifar::Cifar10, 0, 1)[1..]);

    // Without limits, everything must be there.
    let refused = refusal(open(&folder.0, &OpenOptions::default()));
    assert!(refused.contains("60 training images found, 50000 expected"), "{refused}");
    assert!(refused.contains("data_batch_3.bin"), "{refused}");
    assert!(refusal(open(&folder.0, &limits(61, 20))).contains("61 expected"));
}

#[test]
fn names_of_classes_come_from_their_file() {
    let folder = Folder::new("names");
    folder.write("data_batch_1.bin", &records(Cifar::Cifar10, 0, 3));
    folder.write("test_batch.bin", &records(Cifar::Cifar10, 0, 3));
    folder.write("batches.meta.txt", b"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
    let data = open(&folder.0, &limits(3, 3)).unwrap();
    assert_eq!(data.train.classes().concat(), "abcdefghij");
    folder.write("batches.meta.txt", b"a\nb\n");
    assert!(refusal(open(&folder.0, &limits(3, 3))).contains("2 names found, 10 expected"));
}

#[test]
fn damaged_cifar_files_are_refused_by_name_and_place() {
    let folder = Folder::new("damaged");
    folder.write("data_batch_1.bin", &records(Cifar::Cifar10, 0, 30));
    folder.write("test_batch.bin", &records(Cifar::Cifar10, 0, 20)[..3073 * 20 - 1]);
    let refused = refusal(open(&folder.0, &limits(10, 10)));
    assert!(refused.contains("test_batch.bin") && refused.contains("cut off"), "{refused}");

    let mut wrong = records(Cifar::Cifar10, 0, 20);
    wrong[3073 * 17] = 10;
    folder.write("test_batch.bin", &wrong);
    // Beyond the limit too: a damaged file is a damaged file.
    let refused = refusal(open(&folder.0, &limits(10, 10)));
    assert!(refused.contains("test_batch.bin") && refused.contains("record 17") && refused.contains("label 10"));
    assert!(!refused.contains('\n'));

    folder.write("test_batch.bin", &records(Cifar::Cifar10, 0, 10_001));
    assert!(refusal(open(&folder.0, &limits(10, 10))).contains("test_batch.bin"));
    std::fs::remove_file(folder.0.join("test_batch.bin")).unwrap();
    let refused = refusal(open(&folder.0, &limits(10, 10)));
    assert!(refused.contains("0 test images found") && refused.contains("test_batch.bin"), "{refused}");
    // The second file without the first would be other "first" pictures.
    std::fs::rename(folder.0.join("data_batch_1.bin"), folder.0.join("data_batch_2.bin")).unwrap();
    assert!(refusal(open(&folder.0, &limits(10, 0))).contains("data_batch_1.bin"));
}

#[test]
fn cifar_100_has_two_labels() {
    let folder = Folder::new("cifar100");
    folder.write("cifar-100-binary/train.bin", &records(Cifar::Cifar100, 0, 30));
    folder.write("cifar-100-binary/test.bin", &records(Cifar::Cifar100, 0, 30));
    let names: String = (0..100).map(|i| format!("name{i}\n")).collect();
    folder.write("cifar-100-binary/fine_label_names.txt", names.as_bytes());
    let data = open(&folder.0, &limits(30, 30)).unwrap();
    assert_eq!((data.name.as_str(), data.train.label(15).unwrap()), ("CIFAR-100", 5));
    assert_eq!(data.test.classes()[99], "name99");
}

#[test]
fn cifar_from_an_archive_equals_the_folder() {
    let folder = Folder::new("archive");
    folder.write("cifar-10-binary.tar.gz", &gzip(&cifar_tar(30, 20)));
    for path in [folder.0.clone(), folder.0.join("cifar-10-binary.tar.gz")] {
        let data = open(&path, &limits(25, 20)).unwrap();
        assert_eq!((data.train.len(), data.test.len()), (25, 20));
        let Samples::Bytes(bytes) = data.test.read(&[19]).unwrap() else { panic!() };
        assert_eq!(bytes, records(Cifar::Cifar10, 119, 1)[1..]);
    }
    let whole = gzip(&cifar_tar(30, 20));
    folder.write("cifar-10-binary.tar.gz", &whole[..whole.len() / 2]);
    let refused = refusal(open(&folder.0, &limits(25, 20)));
    assert!(refused.contains("cifar-10-binary.tar.gz") && refused.contains("ends too early"), "{refused}");
    folder.write("cifar-10-binary.tar.gz", b"<html>404</html>");
    assert!(refusal(open(&folder.0, &limits(25, 20))).contains("is no .tar.gz"));
}

#[test]
fn images_come_out_before_the_archive_has_ended() {
    let archive = tar(&[("x/data_batch_1.bin", &records(Cifar::Cifar10, 0, 200))]);
    let mut reader = Tar::new("a.tar", CifarReader::new(Cifar::Cifar10, OpenOptions::default()));
    reader.push(&archive[..archive.len() / 2]).unwrap();
    let early = reader.sink().images(Split::Train).len();
    assert!((60..150).contains(&early), "{early} images after half of the archive");
    reader.push(&archive[archive.len() / 2..]).unwrap();
    assert_eq!(reader.finish().unwrap().images(Split::Train).len(), 200);
}

const CLASSES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

fn idx_file(sizes: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend(data);
    bytes
}

#[test]
fn mnist_from_idx_files_packed_or_not() {
    let folder = Folder::new("idx");
    let pixels: Vec<u8> = (0..4 * 6).collect();
    folder.write("train-images-idx3-ubyte", &idx_file(&[4, 2, 3], &pixels));
    folder.write("train-labels-idx1-ubyte.gz", &gzip(&idx_file(&[4], &[3, 1, 4, 1])));
    folder.write("t10k-images.idx3-ubyte", &idx_file(&[1, 2, 3], &pixels[..6]));
    folder.write("t10k-labels-idx1-ubyte", &idx_file(&[1], &[9]));
    let data = open(&folder.0, &OpenOptions::default()).unwrap();
    assert_eq!((data.train.len(), data.train.shape()), (4, [1, 2, 3].as_slice()));
    assert_eq!(data.train.label(2).unwrap(), 4);
    assert_eq!(data.train.read(&[1]).unwrap(), Samples::Bytes((6..12).collect()));
    folder.write("t10k-labels-idx1-ubyte", &idx_file(&[1], &[77]));
    let refused = refusal(open(&folder.0, &OpenOptions::default()));
    assert!(refused.contains("t10k-labels") && refused.contains("label 0 is 77, classes are 0 … 9"), "{refused}");
    folder.write("t10k-labels-idx1-ubyte", &idx_file(&[2], &[9, 9]));
    assert!(refusal(open(&folder.0, &OpenOptions::default())).contains("do not belong together"));
    folder.write("t10k-images.idx3-ubyte", &idx_file(&[1, 2, 3], &pixels[..5]));
    assert!(refusal(open(&folder.0, &OpenOptions::default())).contains("cut off"));
}

#[test]
fn gzip_of_several_members_is_read_to_its_end() {
    let folder = Folder::new("members");
    let images = idx_file(&[4, 1, 2], &[1, 2, 3, 4, 5, 6, 7, 8]);
    folder.write("train-images-idx3-ubyte.gz", &[gzip(&images[..20]), gzip(&images[20..])].concat());
    folder.write("train-labels-idx1-ubyte.gz", &gzip(&idx_file(&[4], &[0, 1, 2, 3])));
    folder.write("t10k-images-idx3-ubyte.gz", &gzip(&images));
    folder.write("t10k-labels-idx1-ubyte.gz", &gzip(&idx_file(&[4], &[0, 1, 2, 3])));
    let data = open(&folder.0, &OpenOptions::default()).unwrap();
    assert_eq!((data.kind, data.train.len(), data.test.len()), ("idx", 4, 4));
    assert_eq!(data.train.read(&[3]).unwrap(), Samples::Bytes(vec![7, 8]));
}

#[test]
fn sets_in_idx_are_told_apart_by_folder_or_labels() {
    for (place, labels, kind, first) in [
        ("FashionMNIST/raw", [0; 10], "fashion-mnist", "T-shirt/top"),
        ("MNIST/raw", [0; 10], "mnist", "0"),
        ("there", [5, 0, 4, 1, 9, 2, 1, 3, 1, 4], "mnist", "0"),
        ("there", [9, 0, 0, 3, 0, 2, 7, 2, 5, 5], "fashion-mnist", "T-shirt/top"),
        ("there", [0; 10], "idx", "0"),
    ] {
        let folder = Folder::new(&format!("kind-{kind}-{}-{}", place.len(), labels[0]));
        for split in ["train", "t10k"] {
            folder.write(&format!("{place}/{split}-images-idx3-ubyte"), &idx_file(&[10, 1, 1], &[0; 10]));
            folder.write(&format!("{place}/{split}-labels-idx1-ubyte"), &idx_file(&[10], &labels));
        }
        let data = open(&folder.0, &OpenOptions::default()).unwrap();
        assert_eq!((data.kind, data.train.classes()[0].as_str()), (kind, first), "{place}");
    }
}

#[test]
fn nothing_known_is_explained() {
    let folder = Folder::new("empty");
    let refused = refusal(open(&folder.0, &OpenOptions::default()));
    assert!(refused.contains("data_batch_1.bin") && !refused.contains("kindling data"), "{refused}");
    assert!(refusal(open(&folder.0.join("nowhere"), &OpenOptions::default())).contains("nowhere"));
}

#[test]
fn csv_with_and_without_names() {
    let table = Table::from_csv("t.csv", b"1, 2, 10\n3,4,9\n5,6,10\n", &TableOptions::default()).unwrap();
    assert_eq!(table.classes(), ["9", "10"]);
    assert_eq!((table.len(), table.label(0).unwrap(), table.label(1).unwrap()), (3, 1, 0));
    assert_eq!(table.read(&[2, 0]).unwrap(), Samples::Floats(vec![5.0, 6.0, 1.0, 2.0]));
    let table = Table::from_csv("t.csv", b"class,x\nb,1\na,2\n", &TableOptions::default()).unwrap();
    assert_eq!((table.columns().features.as_slice(), table.label(0).unwrap()), (["x".to_string()].as_slice(), 1));
    assert!(
        refusal(Table::from_csv("t.csv", b"x,y,label\n1,2,a\n1,oops,b\n", &TableOptions::default()))
            .contains("line 3, y: \"oops\"")
    );
    assert!(refusal(Table::from_csv("t.csv", b"1,2,a\n1,2\n", &TableOptions::default())).contains("t.csv"));
    assert!(refusal(Table::from_csv("t.csv", b"", &TableOptions::default())).contains("no rows"));
    let folder = Folder::new("csv");
    let rows: String = (0..50).map(|i| format!("{i},{},{}\n", i * 2, i % 3)).collect();
    folder.write("t.csv", rows.as_bytes());
    let data = open(&folder.0.join("t.csv"), &limits(30, 5)).unwrap();
    assert_eq!((data.train.len(), data.test.len(), data.train.classes().len()), (30, 5, 3));
}

proptest! {
    #[test]
    fn an_archive_in_any_pieces_is_the_same(sizes in prop::collection::vec(1usize..4000, 1..12)) {
        let archive = cifar_tar(12, 7);
        let mut reader = Tar::new("a", CifarReader::new(Cifar::Cifar10, limits(12, 7)));
        let (mut at, mut turn) = (0, 0);
        while at < archive.len() {
            let to = (at + sizes[turn % sizes.len()]).min(archive.len());
            reader.push(&archive[at..to]).unwrap();
            (at, turn) = (to, turn + 1);
        }
        let splits = reader.finish().unwrap().finish("a").unwrap();
        prop_assert_eq!((splits.train.len(), splits.test.len()), (12, 7));
        let records = records(Cifar::Cifar10, 11, 1);
        prop_assert_eq!(splits.train.read(&[11]).unwrap(), Samples::Bytes(records[1..].to_vec()));
    }

    #[test]
    fn damaged_archives_are_refused_or_read_but_never_panic(place in 0.0f64..1.0, byte: u8, cut in 0.0f64..1.0) {
        let whole = cifar_tar(12, 7);
        let read = |bytes: &[u8]| {
            let mut reader = Tar::new("a", CifarReader::new(Cifar::Cifar10, limits(12, 7)));
            reader.push(bytes)?;
            reader.finish()?.finish("a").map(drop)
        };
        let mut changed = whole.clone();
        changed[(place * whole.len() as f64) as usize] = byte;
        let _ = read(&changed);
        // The two blocks of zeros at the end may be missing.
        prop_assert!(read(&whole[..(cut * (whole.len() - 1024) as f64) as usize]).is_err());
    }

    #[test]
    fn junk_never_panics(junk in prop::collection::vec(any::<u8>(), 0..600), cells in "[0-9a-z,.\n\" -]{0,80}") {
        let mut reader = CifarReader::new(Cifar::Cifar10, OpenOptions::default());
        let _ = reader.begin("test_batch.bin", 3073 * 2).and_then(|_| reader.data(&junk)).and_then(|()| reader.end());
        let _ = idx::read(("p", &junk), ("l", &junk), None, &CLASSES);
        let mut header = idx_file(&[junk.len() as u32, 1, 1], &junk);
        header.truncate(16 + junk.len() / 2);
        let _ = idx::read(("p", &header), ("l", &idx_file(&[junk.len() as u32], &junk)), None, &CLASSES);
        let mut files = Files::default();
        let _ = files.insert_zip("z", junk.clone());
        let _ = images::decode("p", &junk);
        let _ = Layout::from_paths("a folder", &[cells.as_str(), "train/a/1.png"]);
        let _ = Table::from_csv("t", cells.as_bytes(), &TableOptions::default());
    }
}
