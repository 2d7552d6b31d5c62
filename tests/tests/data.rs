//! Readers of data sets: what is in the files comes out, in whatever pieces the bytes arrive, and what is wrong
//! is said with its place. Never a panic.
#![cfg(not(target_arch = "wasm32"))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use std::io::Write;
use std::path::PathBuf;

use kindling::data::archive::{Sink, TarGz};
use kindling::data::{
    Cifar, CifarReader, Dataset, Limits, OpenOptions, Random, Samples, Split, Table, idx, open, picture_zip, pictures,
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

fn tar_gz(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append_data(&mut header, name, *bytes).unwrap();
    }
    gzip(&tar.into_inner().unwrap())
}

fn cifar_tar(train: usize, test: usize) -> Vec<u8> {
    tar_gz(&[
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
    assert!(refused.contains("60 training pictures found, 50000 expected"), "{refused}");
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
    assert!(refused.contains("0 test pictures found") && refused.contains("test_batch.bin"), "{refused}");
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
    folder.write("cifar-10-binary.tar.gz", &cifar_tar(30, 20));
    for path in [folder.0.clone(), folder.0.join("cifar-10-binary.tar.gz")] {
        let data = open(&path, &limits(25, 20)).unwrap();
        assert_eq!((data.train.len(), data.test.len()), (25, 20));
        let Samples::Bytes(bytes) = data.test.read(&[19]).unwrap() else { panic!() };
        assert_eq!(bytes, records(Cifar::Cifar10, 119, 1)[1..]);
    }
    let whole = cifar_tar(30, 20);
    folder.write("cifar-10-binary.tar.gz", &whole[..whole.len() / 2]);
    let refused = refusal(open(&folder.0, &limits(25, 20)));
    assert!(refused.contains("cifar-10-binary.tar.gz") && refused.contains("ends too early"), "{refused}");
    folder.write("cifar-10-binary.tar.gz", b"<html>404</html>");
    assert!(refusal(open(&folder.0, &limits(25, 20))).contains("is no .tar.gz"));
}

#[test]
fn pictures_come_out_before_the_archive_has_ended() {
    // Pixels that do not compress, so that the archive is long.
    let random = Random::new(3);
    let mut bytes = records(Cifar::Cifar10, 0, 200);
    for (i, byte) in bytes.iter_mut().enumerate().filter(|(i, _)| i % 3073 != 0) {
        *byte = random.word(i as u64) as u8;
    }
    let archive = tar_gz(&[("x/data_batch_1.bin", &bytes)]);
    let mut reader = TarGz::new("a.tar.gz", CifarReader::new(Cifar::Cifar10, Limits::default()));
    reader.push(&archive[..archive.len() / 2]).unwrap();
    let early = reader.sink().images(Split::Train).len();
    assert!((60..150).contains(&early), "{early} pictures after half of the archive");
    reader.push(&archive[archive.len() / 2..]).unwrap();
    assert_eq!(reader.finish().unwrap().images(Split::Train).len(), 200);
}

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
    folder.write("t10k-labels-idx1-ubyte", &idx_file(&[2], &[9, 9]));
    assert!(refusal(open(&folder.0, &OpenOptions::default())).contains("do not belong together"));
    folder.write("t10k-images.idx3-ubyte", &idx_file(&[1, 2, 3], &pixels[..5]));
    assert!(refusal(open(&folder.0, &OpenOptions::default())).contains("cut off"));
}

fn png(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let picture = image::RgbImage::from_pixel(width, height, image::Rgb(colour));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn a_folder_of_pictures_by_class() {
    let folder = Folder::new("pictures");
    for i in 0..10u8 {
        folder.write(&format!("blue/{i}.png"), &png(8, 8, [0, i, 255]));
        folder.write(&format!("red/{i}.png"), &png(20, 8, [255, i, 0]));
    }
    folder.write("red/notes.txt", b"no picture");
    let options = OpenOptions { size: Some([8, 8]), ..OpenOptions::default() };
    let data = open(&folder.0, &options).unwrap();
    assert_eq!(data.train.classes(), ["blue", "red"]);
    assert_eq!((data.train.len(), data.test.len()), (16, 4));
    for split in [&data.train, &data.test] {
        for i in 0..split.len() {
            let Samples::Bytes(bytes) = split.read(&[i]).unwrap() else { panic!() };
            let (red, blue) = (bytes[0], bytes[128]);
            assert_eq!((red, blue), if split.label(i).unwrap() == 1 { (255, 0) } else { (0, 255) });
        }
    }
    // The same files in a zip are the same data.
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for i in 0..10u8 {
        for (class, bytes) in [("blue", png(8, 8, [0, i, 255])), ("red", png(20, 8, [255, i, 0]))] {
            out.start_file(format!("set/{class}/{i}.png"), zip::write::SimpleFileOptions::default()).unwrap();
            out.write_all(&bytes).unwrap();
        }
    }
    let bytes = out.finish().unwrap().into_inner();
    let zipped = picture_zip("set.zip", &bytes, &options).unwrap();
    assert_eq!((zipped.train.len(), zipped.test.len()), (16, 4));
    assert_eq!(zipped.train.classes(), ["blue", "red"]);
    // A checksum that is not its content's.
    let mut damaged = bytes;
    let directory = damaged.windows(4).position(|at| at == b"PK\x01\x02").unwrap();
    damaged[directory + 16] ^= 1;
    let refused = refusal(picture_zip("set.zip", &damaged, &options));
    assert!(refused.contains(".png") && refused.contains("cannot be unpacked"), "{refused}");

    folder.write("red/3.png", b"not a picture");
    let refused = refusal(open(&folder.0, &options));
    assert!(refused.contains("3.png") && refused.contains("no picture"), "{refused}");
}

#[test]
fn folders_named_train_and_test_are_the_splits() {
    let folder = Folder::new("halves");
    for (path, n) in [("train/a", 3), ("train/b", 3), ("test/a", 2), ("test/b", 1)] {
        for i in 0..n {
            folder.write(&format!("{path}/{i}.png"), &png(4, 4, [9, 9, 9]));
        }
    }
    let data = open(&folder.0, &OpenOptions::default()).unwrap();
    assert_eq!((data.train.len(), data.test.len(), data.train.shape()), (6, 3, [3, 4, 4].as_slice()));
}

#[test]
fn what_is_not_opaque_lies_on_white() {
    let mut picture = image::RgbaImage::from_pixel(3, 1, image::Rgba([200, 0, 0, 255]));
    picture.put_pixel(1, 0, image::Rgba([200, 0, 0, 0]));
    picture.put_pixel(2, 0, image::Rgba([0, 0, 0, 51]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let decoded = pictures::decode("half.png", bytes.get_ref()).unwrap();
    assert_eq!(decoded.as_raw()[..], [200, 0, 0, 255, 255, 255, 204, 204, 204]);
}

#[test]
fn a_picture_is_cut_to_proportion_and_scaled() {
    let mut picture = image::RgbImage::from_pixel(40, 20, image::Rgb([10, 20, 30]));
    for y in 0..20 {
        (0..10).chain(30..40).for_each(|x| picture.put_pixel(x, y, image::Rgb([200, 200, 200])));
    }
    let chw = pictures::to_chw(&picture, [3, 10, 10]).unwrap();
    assert!(chw[..100].iter().all(|b| *b == 10) && chw[200..].iter().all(|b| *b == 30));
    assert_eq!(pictures::to_rgb(&chw, 3)[..3], [10, 20, 30]);
}

#[test]
fn nothing_known_is_explained() {
    let folder = Folder::new("empty");
    let refused = refusal(open(&folder.0, &OpenOptions::default()));
    assert!(refused.contains("data_batch_1.bin") && refused.contains("fetch cifar10"), "{refused}");
    assert!(refusal(open(&folder.0.join("nowhere"), &OpenOptions::default())).contains("nowhere"));
}

#[test]
fn csv_with_and_without_names() {
    let table = Table::from_csv("t.csv", b"1, 2, 10\n3,4,9\n5,6,10\n", None).unwrap();
    assert_eq!(table.classes(), ["9", "10"]);
    assert_eq!((table.len(), table.label(0).unwrap(), table.label(1).unwrap()), (3, 1, 0));
    assert_eq!(table.read(&[2, 0]).unwrap(), Samples::Floats(vec![5.0, 6.0, 1.0, 2.0]));
    let table = Table::from_csv("t.csv", b"class,x\nb,1\na,2\n", None).unwrap();
    assert_eq!((table.columns(), table.label(0).unwrap()), (["x".to_string()].as_slice(), 1));
    assert!(refusal(Table::from_csv("t.csv", b"x,y,label\n1,2,a\n1,oops,b\n", None)).contains("line 3, y: \"oops\""));
    assert!(refusal(Table::from_csv("t.csv", b"1,2,a\n1,2\n", None)).contains("t.csv"));
    assert!(refusal(Table::from_csv("t.csv", b"", None)).contains("no rows"));
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
        let mut reader = TarGz::new("a", CifarReader::new(Cifar::Cifar10, Limits { train: Some(12), test: Some(7) }));
        let (mut at, mut turn) = (0, 0);
        while at < archive.len() {
            let to = (at + sizes[turn % sizes.len()]).min(archive.len());
            reader.push(&archive[at..to]).unwrap();
            (at, turn) = (to, turn + 1);
        }
        let (train, test) = reader.finish().unwrap().finish("a").unwrap();
        prop_assert_eq!((train.len(), test.len()), (12, 7));
        let records = records(Cifar::Cifar10, 11, 1);
        prop_assert_eq!(train.picture(11).unwrap(), &records[1..]);
    }

    #[test]
    fn damaged_archives_are_refused_or_read_but_never_panic(place in 0.0f64..1.0, byte: u8, cut in 0.0f64..1.0) {
        let limits = Limits { train: Some(12), test: Some(7) };
        let whole = cifar_tar(12, 7);
        let read = |bytes: &[u8]| {
            let mut reader = TarGz::new("a", CifarReader::new(Cifar::Cifar10, limits));
            reader.push(bytes)?;
            reader.finish()?.finish("a").map(drop)
        };
        let mut changed = whole.clone();
        changed[(place * whole.len() as f64) as usize] = byte;
        let _ = read(&changed);
        prop_assert!(read(&whole[..(cut * whole.len() as f64) as usize]).is_err());
    }

    #[test]
    fn junk_never_panics(junk in prop::collection::vec(any::<u8>(), 0..600), cells in "[0-9a-z,.\n\" -]{0,80}") {
        let mut reader = CifarReader::new(Cifar::Cifar10, Limits::default());
        let _ = reader.begin("test_batch.bin", 3073 * 2).and_then(|_| reader.data(&junk)).and_then(|()| reader.end());
        let _ = idx::read(("p", &junk), ("l", &junk), None);
        let mut header = idx_file(&[junk.len() as u32, 1, 1], &junk);
        header.truncate(16 + junk.len() / 2);
        let _ = idx::read(("p", &header), ("l", &idx_file(&[junk.len() as u32], &junk)), None);
        let _ = picture_zip("z", &junk, &OpenOptions::default());
        let _ = pictures::decode("p", &junk);
        let _ = Table::from_csv("t", cells.as_bytes(), Some(5));
        let _ = pictures::PictureFile::from_path(&cells);
    }
}
