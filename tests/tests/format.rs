//! Files that other programs read and write: what is written is read back the same, what PyTorch and TensorBoard
//! wrote is understood, and no damage of any kind makes a reader panic.
#![cfg(not(target_arch = "wasm32"))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use std::path::PathBuf;

use kindling::device::Array;
use kindling::format::tfevents::{self, Event, EventKind, EventWriter, Histogram, Moment};
use kindling::format::{FileTensor, ModelFile, TensorFile, files, model::ModelInfo};
use proptest::prelude::*;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/formats").join(name)
}

fn tensor(shape: &[usize], data: Array) -> FileTensor {
    FileTensor::new(shape, data).unwrap()
}

fn sample() -> ModelFile {
    let mut file = ModelFile::default();
    file.tensors.insert("conv1.weight".into(), tensor(&[2, 3], Array::F32(vec![1.0, -2.5, f32::NAN, 0.0, 1e-40, 3.0])));
    file.tensors.insert("bn.num_batches_tracked".into(), tensor(&[], Array::I32(vec![7])));
    file.tensors.insert("training/rng".into(), tensor(&[2], Array::U32(vec![1, u32::MAX])));
    file.info = ModelInfo {
        version: 1,
        spec: serde_json::json!({"layers": ["conv"]}),
        input: vec![3, 32, 32],
        classes: vec!["cat".into(), "dög".into()],
        ..ModelInfo::default()
    };
    file
}

#[test]
fn a_model_is_read_back_as_it_was_written() {
    let file = sample();
    let read = ModelFile::from_bytes(&file.to_bytes().unwrap(), "m").unwrap();
    assert_eq!(read.info, file.info);
    assert_eq!(format!("{:?}", read.tensors), format!("{:?}", file.tensors));
    assert_eq!(
        read.state().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["bn.num_batches_tracked", "conv1.weight"]
    );
}

#[test]
fn a_state_dict_of_pytorch_is_read() {
    let bytes = files::read(&golden("state_dict.safetensors")).unwrap();
    let file = TensorFile::from_bytes(&bytes, "state_dict").unwrap();
    let counter = file.tensors.iter().find(|(name, _)| name.ends_with("num_batches_tracked")).unwrap();
    assert!(matches!(counter.1.data, Array::I32(_)) && counter.1.shape.is_empty(), "{counter:?}");
    assert!(file.tensors.values().any(|t| matches!(t.data, Array::F32(_)) && t.shape.len() == 4));
    let again = TensorFile::from_bytes(&file.to_bytes().unwrap(), "again").unwrap();
    assert_eq!(file.tensors, again.tensors);
    // A state dict alone is no model of ours, and is not taken for one.
    let refused = ModelFile::from_bytes(&bytes, "state_dict").unwrap_err().to_string();
    assert!(refused.contains("state_dict") && refused.contains("layers"), "{refused}");
}

#[test]
fn half_precision_is_read_as_f32() {
    use safetensors::tensor::{Dtype, TensorView};
    let bits: [u16; 6] = [0x3c00, 0xc000, 0x0001, 0x7c00, 0x3555, 0x8000];
    let bytes: Vec<u8> = bits.iter().flat_map(|b| b.to_le_bytes()).collect();
    let view = TensorView::new(Dtype::F16, vec![6], &bytes).unwrap();
    let file = safetensors::serialize([("h", view)], None).unwrap();
    let read = TensorFile::from_bytes(&file, "h").unwrap();
    let want = [1.0f32, -2.0, 5.960_464_5e-8, f32::INFINITY, 0.333_251_95, -0.0];
    assert_eq!(read.tensors["h"].data, Array::F32(want.to_vec()));
}

#[test]
fn integers_are_as_wide_as_their_values_need() {
    use safetensors::tensor::{Dtype, TensorView};
    let bytes = |values: &[i64]| values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let (small, big, negative) = (bytes(&[-7, 7]), bytes(&[i64::MIN, (1 << 53) + 1]), bytes(&[-1]));
    let of = |bytes, dtype, len| TensorView::new(dtype, vec![len], bytes).unwrap();
    let views = [("small", of(&small, Dtype::I64, 2)), ("big", of(&big, Dtype::I64, 2))];
    let file = TensorFile::from_bytes(&safetensors::serialize(views, None).unwrap(), "f").unwrap();
    assert_eq!(file.tensors["small"].data, Array::I32(vec![-7, 7]));
    assert_eq!(file.tensors["big"].data, Array::I64(vec![i64::MIN, (1 << 53) + 1]));
    assert_eq!(TensorFile::from_bytes(&file.to_bytes().unwrap(), "again").unwrap(), file);

    let unsigned = safetensors::serialize([("huge", of(&negative, Dtype::U64, 1))], None).unwrap();
    let refused = TensorFile::from_bytes(&unsigned, "f").unwrap_err().to_string();
    assert!(refused.contains("\"huge\"") && refused.contains("18446744073709551615"), "{refused}");
}

#[test]
fn models_of_the_future_are_refused() {
    let mut file = TensorFile::default();
    file.metadata.insert("kindling".into(), r#"{"version": 99}"#.into());
    let refused = ModelFile::from_bytes(&file.to_bytes().unwrap(), "m").unwrap_err().to_string();
    assert!(refused.contains("version 99"), "{refused}");
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let folder = std::env::temp_dir().join(format!("kindling-format-{}", std::process::id()));
    let path = folder.join("deep/model.safetensors");
    files::write_whole(&path, b"first").unwrap();
    files::write_whole(&path, b"second").unwrap();
    assert_eq!(files::read(&path).unwrap(), b"second");
    // A path below a file cannot be made; what is there stays.
    let refused = files::write_whole(&path.join("below"), b"third").unwrap_err().to_string();
    assert!(refused.contains("below") && refused.contains("cannot be written"), "{refused}");
    assert_eq!(files::read(&path).unwrap(), b"second");
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "something was left beside the file");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_file_gets_another_name_before_it_is_replaced() {
    let folder = std::env::temp_dir().join(format!("kindling-aside-{}", std::process::id()));
    let path = folder.join("m.checkpoint.safetensors");
    assert_eq!(files::set_aside(&path).unwrap(), None);
    for (n, content) in [(1, b"one"), (2, b"two")] {
        files::write_whole(&path, content).unwrap();
        let aside = files::set_aside(&path).unwrap().unwrap();
        assert_eq!(aside, folder.join(format!("m.checkpoint.{n}.safetensors")));
        assert_eq!((files::read(&path).unwrap(), files::read(&aside).unwrap()), (content.to_vec(), content.to_vec()));
    }
    // EventKind is written now does not reach the file of the other name.
    files::write_whole(&path, b"new").unwrap();
    assert_eq!(files::read(&folder.join("m.checkpoint.2.safetensors")).unwrap(), b"two");
    assert!(files::is_same(
        &path,
        &folder.join("../").join(folder.file_name().unwrap()).join("m.checkpoint.safetensors")
    ));
    assert!(!files::is_same(&path, &folder.join("m.checkpoint.2.safetensors")));
    std::fs::remove_dir_all(folder).unwrap();
}

fn expected() -> serde_json::Value {
    serde_json::from_slice(&files::read(&golden("tensorboard_expected.json")).unwrap()).unwrap()
}

fn floats(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[test]
fn an_event_file_of_pytorch_is_read() {
    let values = TensorFile::from_bytes(&files::read(&golden("tensorboard_values.safetensors")).unwrap(), "v").unwrap();
    let bytes = files::read(&golden("events.out.tfevents.1700000000.golden.0")).unwrap();
    let events = tfevents::read(&bytes, "golden").unwrap();
    let expected = expected();
    let records = expected["records"].as_array().unwrap();
    assert_eq!(events.len(), records.len());
    let mut histograms = 0;
    for (event, record) in events.iter().zip(records) {
        assert_eq!(event.at.wall_time, record["wall_time"].as_f64().unwrap());
        assert_eq!(event.at.step, record["step"].as_i64().unwrap());
        match &event.kind {
            EventKind::FileVersion(version) => assert_eq!(version, record["file_version"].as_str().unwrap()),
            EventKind::Scalar { tag, value } => {
                assert_eq!(tag, record["tag"].as_str().unwrap());
                assert_eq!(f64::from(*value), record["value"].as_f64().unwrap());
            }
            EventKind::Histogram { tag, histogram } => {
                assert_eq!(tag, record["tag"].as_str().unwrap());
                assert_eq!(histogram.bucket, floats(&record["histogram"]["bucket"]));
                assert_eq!(histogram.bucket_limit, floats(&record["histogram"]["bucket_limit"]));
                // The same values give the same buckets.
                let Array::F32(values) = &values.tensors[&format!("histogram{histograms}")].data else { panic!() };
                let ours = Histogram::from_values(values);
                assert_eq!(ours.bucket, histogram.bucket);
                assert_eq!(ours.bucket_limit, histogram.bucket_limit);
                assert_eq!([ours.min, ours.max, ours.num], [histogram.min, histogram.max, histogram.num]);
                assert!((ours.sum - histogram.sum).abs() < 1e-9 * 200.0);
                assert!((ours.sum_squares - histogram.sum_squares).abs() < 1e-9 * histogram.sum_squares);
                histograms += 1;
            }
            EventKind::Image { tag, size, encoded } => {
                assert_eq!(tag, record["tag"].as_str().unwrap());
                assert_eq!(*size, [9, 6]);
                let picture = kindling::data::images::decode("image", encoded).unwrap();
                let chw = kindling::data::preprocess::to_chw(&picture, [3, 6, 9]).unwrap();
                let chw = Array::I32(chw.into_iter().map(i32::from).collect());
                assert_eq!(chw, values.tensors["image"].data);
            }
            EventKind::Text { tag, text } => {
                assert_eq!(tag, record["tag"].as_str().unwrap());
                assert_eq!(text, record["tensor"]["strings"][0].as_str().unwrap());
            }
            EventKind::SessionStart | EventKind::Other => panic!("{record} was not understood"),
        }
    }
    assert_eq!(histograms, 2);
}

fn log() -> Vec<u8> {
    let at = |step| Moment { step, wall_time: 1.7e9 + step as f64 };
    let mut log = EventWriter::new(Vec::new(), "log", 1.7e9).unwrap();
    log.scalar("loss", at(1), 0.5).unwrap();
    log.histogram("weights", at(2), Histogram::from_values(&[0.0, -1.5, 2.0, f32::NAN, 1e30])).unwrap();
    log.image("picture", at(3), [2, 1], &[255, 0, 0, 0, 0, 255]).unwrap();
    log.text("note", at(4), "ünïcode").unwrap();
    log.session_start(at(5)).unwrap();
    log.code("code", at(6), "```\n<script>").unwrap();
    log.into_inner()
}

#[test]
fn an_event_file_is_read_back_as_it_was_written() {
    let events = tfevents::read(&log(), "log").unwrap();
    assert_eq!(events.len(), 7);
    assert_eq!(events[1].kind, EventKind::Scalar { tag: "loss".into(), value: 0.5 });
    let Event { at, kind: EventKind::Histogram { histogram, .. } } = &events[2] else { panic!("{:?}", events[2]) };
    assert_eq!((at.step, histogram.num), (2, 4.0));
    assert_eq!(histogram.bucket.iter().sum::<f64>(), 4.0);
    let EventKind::Image { encoded, size: [2, 1], .. } = &events[3].kind else { panic!("{:?}", events[3]) };
    let picture = kindling::data::images::decode("picture", encoded).unwrap();
    assert_eq!(picture.into_raw(), [255, 0, 0, 0, 0, 255]);
    assert_eq!(events[4].kind, EventKind::Text { tag: "note/text_summary".into(), text: "ünïcode".into() });
    assert_eq!((events[5].at.step, &events[5].kind), (5, &EventKind::SessionStart));
    // No text ends its own block of code.
    let code = EventKind::Text { tag: "code/text_summary".into(), text: "````\n```\n<script>\n````".into() };
    assert_eq!(events[6].kind, code);
}

#[test]
fn nothing_gives_an_empty_histogram() {
    assert_eq!(Histogram::from_values(&[f32::NAN]).num, 0.0);
}

proptest! {
    #[test]
    fn any_tensors_survive(shape in prop::collection::vec(0usize..4, 0..4), seed: u32, name in "[a-z.0-9]{1,12}") {
        let n = shape.iter().product::<usize>() as u32;
        let words: Vec<u32> = (0..n).map(|i| i.wrapping_mul(2_654_435_761).wrapping_add(seed)).collect();
        for data in [
            Array::F32(words.iter().map(|w| f32::from_bits(*w)).filter(|x| !x.is_nan()).chain(std::iter::repeat(0.5)).take(n as usize).collect()),
            Array::I32(words.iter().map(|w| *w as i32).collect()),
            Array::U32(words.clone()),
            Array::Bool(words.iter().map(|w| w % 2 == 0).collect()),
            Array::F64(words.iter().map(|w| f64::from(*w) / 3.0).collect()),
        ] {
            let mut file = TensorFile::default();
            file.tensors.insert(name.clone(), FileTensor::new(shape.as_slice(), data).unwrap());
            file.metadata.insert("k".into(), name.clone());
            prop_assert_eq!(TensorFile::from_bytes(&file.to_bytes().unwrap(), "f").unwrap(), file);
        }
    }

    #[test]
    fn damaged_files_are_refused_or_read_but_never_panic(
        cut in 0.0f64..1.0, place in 0.0f64..1.0, byte: u8, junk in prop::collection::vec(any::<u8>(), 0..200)
    ) {
        let (model, log) = (sample().to_bytes().unwrap(), log());
        for (whole, is_model) in [(&model, true), (&log, false)] {
            let read = |bytes: &[u8]| match is_model {
                true => ModelFile::from_bytes(bytes, "the file").map(drop),
                false => tfevents::read(bytes, "the file").map(drop),
            };
            let mut changed = whole.clone();
            let at = (place * whole.len() as f64) as usize;
            changed[at] = byte;
            let result = read(&changed);
            if !is_model && byte != whole[at] {
                prop_assert!(result.is_err(), "a changed byte at {} went unnoticed", at);
            }
            let cut = (cut * whole.len() as f64) as usize;
            let refused = read(&whole[..cut]);
            if is_model || cut == 0 {
                prop_assert!(refused.unwrap_err().to_string().contains("the file"));
            }
            prop_assert!(read(&junk).is_err());
        }
    }
}
