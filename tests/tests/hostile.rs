//! Bytes from anywhere: whatever a file holds, readers give data or refuse; none panics, and none
//! asks for more memory than its input allows. Files are whole ones with changed bytes, cut ones,
//! and bytes without any order.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kindling::data::{OpenOptions, open};
use kindling::format::tfevents::{self, EventWriter, Histogram, Moment};
use kindling::format::{FileTensor, ModelFile, TensorFile};
use kindling::train::{ModelSpec, TrainSpec, load_model, model};
use kindling::{Device, device::Array};
use proptest::prelude::*;

/// Changes of a file.
#[derive(Clone, Debug)]
enum Change {
    /// A byte at a position, a part of the file's length, becomes this one.
    Byte(f64, u8),
    /// Eight bytes at a position become this number, little-endian.
    Number(f64, u64),
    /// The file ends here.
    Cut(f64),
    /// The file is these bytes.
    Random(Vec<u8>),
}

fn change() -> impl Strategy<Value = Change> {
    let near = prop_oneof![Just(u64::MAX), Just(1 << 63), Just(1 << 31), Just(u64::from(u32::MAX)), any::<u64>()];
    prop_oneof![
        6 => (0.0..1.0f64, any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        2 => (0.0..0.2f64, near).prop_map(|(at, number)| Change::Number(at, number)),
        1 => (0.0..1.0f64).prop_map(Change::Cut),
        1 => prop::collection::vec(any::<u8>(), 0..200).prop_map(Change::Random),
    ]
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec(change(), 1..5)
}

fn changed(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for change in changes {
        let place = |at: &f64| (at * bytes.len() as f64) as usize;
        match change {
            Change::Byte(at, byte) => {
                let at = place(at);
                bytes.get_mut(at).into_iter().for_each(|old| *old = *byte);
            }
            Change::Number(at, number) => {
                let at = place(at);
                bytes.iter_mut().skip(at).zip(number.to_le_bytes()).for_each(|(old, new)| *old = new);
            }
            Change::Cut(at) => bytes.truncate(place(at)),
            Change::Random(new) => bytes.clone_from(new),
        }
    }
    bytes
}

/// A folder that is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("kindling-hostile-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Reads a data set and all of its samples, or is refused.
fn try_open(path: &Path) {
    let Ok(splits) = open(path, &OpenOptions::default()) else { return };
    for split in [&splits.train, &splits.test] {
        let all: Vec<usize> = (0..split.len()).collect();
        let _ = Arc::clone(split).read(&all);
        all.iter().for_each(|i| drop(split.label(*i)));
    }
}

fn png(shade: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(8, 8, image::Rgb([shade, 20, 30]))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

fn zip() -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for class in ["a", "b"] {
        for i in 0..3u8 {
            let options = zip::write::SimpleFileOptions::default();
            archive.start_file(format!("{class}/{i}.png"), options).unwrap();
            archive.write_all(&png(i * 40)).unwrap();
        }
    }
    archive.finish().unwrap().into_inner()
}

fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_cksum();
    archive.append_data(&mut header, name, content).unwrap();
    archive.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// An IDX file of bytes.
fn idx(sizes: &[u32], content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    sizes.iter().for_each(|size| bytes.extend(size.to_be_bytes()));
    bytes.extend(content);
    bytes
}

fn model_file() -> Vec<u8> {
    let spec = ModelSpec::from_text("m", &[2], "a: Linear(2, 3)\nReLU()\nb: Linear(3, 2)").unwrap();
    let mut file = ModelFile::default();
    for (name, shape) in [("a.weight", vec![3, 2]), ("a.bias", vec![3]), ("b.weight", vec![2, 3]), ("b.bias", vec![2])]
    {
        let data = Array::F32(vec![0.5; shape.iter().product()]);
        file.tensors.insert(name.to_owned(), FileTensor::new(shape, data).unwrap());
    }
    file.info.spec = serde_json::to_value(&spec).unwrap();
    file.info.input = vec![2];
    file.info.classes = vec!["x".into(), "y".into()];
    file.to_bytes().unwrap()
}

fn log() -> Vec<u8> {
    let at = Moment { step: 3, wall_time: 1.0 };
    let mut log = EventWriter::new(Vec::new(), "log", 1.0).unwrap();
    log.session_start(at).unwrap();
    log.scalar("loss", at, 0.5).unwrap();
    log.histogram("h", at, Histogram::from_values(&[1.0, 2.0])).unwrap();
    log.image("i", at, [2, 1], &[1, 2, 3, 4, 5, 6]).unwrap();
    log.text("t", at, "text").unwrap();
    log.into_inner()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn tables(changes in changes(), text in "[0-9a-z,;\"\\n\\t .\u{fe}é-]{0,200}") {
        let folder = Folder::new();
        let rows: String = (0..12).map(|i| format!("{i}.5,\"a,{i}\",{}\n", ["cat", "dog"][i % 2])).collect();
        try_open(&folder.write("t.csv", &changed(format!("x,y,label\n{rows}").as_bytes(), &changes)));
        try_open(&folder.write("u.csv", text.as_bytes()));
    }

    #[test]
    fn archives(changes in changes()) {
        let folder = Folder::new();
        try_open(&folder.write("z.zip", &changed(&zip(), &changes)));
        let tarred = tar("cifar-10-batches-bin/data_batch_1.bin", &[3; 3073]);
        try_open(&folder.write("plain.tar.gz", &gzip(&changed(&tarred, &changes))));
        try_open(&folder.write("packed.tar.gz", &changed(&gzip(&tarred), &changes)));
        let images = tar("a/0.png", &png(9));
        try_open(&folder.write("images.tgz", &gzip(&changed(&images, &changes))));
    }

    #[test]
    fn folders(changes in changes(), which in 0..4usize) {
        let folder = Folder::new();
        let files = [idx(&[4, 3, 3], &[7; 36]), idx(&[4], &[0, 1, 2, 1]), idx(&[2, 3, 3], &[7; 18]), idx(&[2], &[0, 1])];
        let names =
            ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];
        for (i, (name, bytes)) in names.iter().zip(&files).enumerate() {
            let bytes = if i == which { changed(bytes, &changes) } else { bytes.clone() };
            folder.write(&format!("mnist/{name}"), &bytes);
            folder.write(&format!("packed/{name}.gz"), &gzip(&bytes));
        }
        try_open(&folder.0.join("mnist"));
        try_open(&folder.0.join("packed"));
        for (class, shade) in [("a", 1u8), ("b", 200)] {
            folder.write(&format!("images/{class}/0.png"), &changed(&png(shade), &changes));
            folder.write(&format!("images/{class}/1.png"), &png(shade));
        }
        try_open(&folder.0.join("images"));
        folder.write("cifar/data_batch_1.bin", &changed(&[5; 3073 * 2], &changes));
        try_open(&folder.0.join("cifar"));
    }

    #[test]
    fn models_and_logs(changes in changes()) {
        let bytes = changed(&model_file(), &changes);
        drop(TensorFile::from_bytes(&bytes, "m"));
        if let Ok(file) = ModelFile::from_bytes(&bytes, "m") {
            drop(load_model(&file, &Device::cpu()));
        }
        drop(tfevents::read(&changed(&log(), &changes), "log"));
    }

    #[test]
    fn texts(changes in changes(), text in "[A-Za-z0-9_:(){}\\[\\],.=+*'\"# \\n-]{0,120}") {
        let run = TrainSpec { preset: None, ..TrainSpec::default() };
        let preset = model::preset("resnet8", &[3, 8, 8], 2).unwrap();
        for whole in [run.to_json().unwrap(), preset.to_json().unwrap(), preset.to_text()] {
            for text in [String::from_utf8_lossy(&changed(whole.as_bytes(), &changes)).as_ref(), &text] {
                if let Ok(run) = TrainSpec::from_json(text) {
                    drop(run.check());
                }
                let specs = [ModelSpec::from_json(text), ModelSpec::from_text("m", &[3, 8, 8], text)];
                for spec in specs.into_iter().flatten() {
                    drop((spec.summary(), spec.fitted().to_text(), spec.to_json()));
                }
            }
        }
    }
}

/// Texts that nest without an end are refused by every reader, and so are files of sizes that no
/// machine has.
#[test]
fn depth_and_sizes_have_limits() {
    for depth in [500, 5_000, 100_000] {
        let lists = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let blocks = format!(
            "{{\"name\": \"m\", \"input\": [4], \"layers\": {}{}}}",
            "[{\"kind\": \"Residual\", \"body\": ".repeat(depth),
            "[]}]".repeat(depth)
        );
        for text in [lists, blocks] {
            let refused = ModelSpec::from_json(&text).unwrap_err().to_string();
            assert!(
                refused.contains("deep") || refused.contains("unknown") || refused.contains("invalid"),
                "{refused}"
            );
            TrainSpec::from_json(&text).unwrap_err();
            let mut file = TensorFile::default();
            file.metadata.insert("kindling".into(), format!("{{\"version\": 1, \"spec\": {text}}}"));
            let refused = ModelFile::from_bytes(&file.to_bytes().unwrap(), "m").unwrap_err().to_string();
            assert!(refused.contains("deep"), "{refused}");
        }
    }
    // A header that promises more bytes than there are, and one of a tensor with more elements than
    // fit into memory.
    for length in [1u64 << 32, u64::MAX, 99_999_999] {
        TensorFile::from_bytes(&[length.to_le_bytes().as_slice(), b"{}"].concat(), "m").unwrap_err();
    }
    for shape in ["[18446744073709551615,2]", "[4294967296,4294967296]", "[1099511627776]", "[-1]"] {
        let header = format!("{{\"a\":{{\"dtype\":\"F32\",\"shape\":{shape},\"data_offsets\":[0,4]}}}}");
        let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &[0; 4]].concat();
        TensorFile::from_bytes(&bytes, "m").unwrap_err();
    }
}

/// Files that claim to be larger than any in use are refused before memory is asked for.
#[test]
fn claims_are_not_believed() {
    let folder = Folder::new();
    let mut bytes = zip();
    let entries: Vec<usize> =
        bytes.windows(4).enumerate().filter(|(_, w)| *w == b"PK\x01\x02").map(|(i, _)| i).collect();
    entries.iter().for_each(|at| bytes[at + 24..at + 28].copy_from_slice(&0x7fff_ffffu32.to_le_bytes()));
    assert!(entries.len() == 6 && open(&folder.write("claims.zip", &bytes), &OpenOptions::default()).is_err());
    let mut image = png(1);
    image[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    for class in ["a", "b"] {
        folder.write(&format!("claims/{class}/0.png"), &image);
    }
    assert!(open(&folder.0.join("claims"), &OpenOptions::default()).is_err());
}
