//! PyTorch's golden files, all of them, on every available device.

use std::path::Path;

use kindling::{Device, block_on};
use kindling_tests::golden::{Failure, Report, autograd, ops, optim, train};

fn replay(device: &Device) -> Report {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/ops");
    let mut report = Report::default();
    for family in ops::FAMILIES {
        let path = dir.join(family).with_extension("safetensors");
        let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        block_on(ops::run(&bytes, device, &mut report)).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
    report
}

/// Replays the programs of autograd, the optimizers and schedules, and the training runs.
fn replay_programs(device: &Device) -> Report {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut report = Report::default();
    let checked = |result: Result<(), Failure>| result.unwrap_or_else(|e| panic!("{e}"));
    let read = |path: &Path| std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let cases = ["cases.json", "cases.safetensors"].map(|name| read(&golden.join("autograd").join(name)));
    checked(block_on(autograd::run(&cases[0], &cases[1], device, &mut report)));
    checked(optim::schedules(&read(&golden.join("optim/lr_schedulers.json")), &mut report));
    for stem in stems("optim") {
        let bytes = read(&golden.join("optim").join(&stem).with_extension("safetensors"));
        checked(block_on(optim::run(&stem, &bytes, device, &mut report)));
    }
    for stem in stems("train") {
        let bytes = read(&golden.join("train").join(&stem).with_extension("safetensors"));
        block_on(train::run(&stem, &bytes, device, &mut report));
    }
    report
}

/// Returns the stems of the safetensors files in a folder of the suite, sorted.
fn stems(folder: &str) -> Vec<String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(folder);
    let paths = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut stems: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "safetensors"))
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    stems.sort();
    stems
}

fn assert_whole(report: &Report) {
    println!("{report}");
    assert_eq!(report.wrong(), [""; 0], "golden cases failed");
}

#[test]
fn no_file_of_the_suite_is_forgotten() {
    assert_eq!(stems("ops"), ops::FAMILIES);
}

#[test]
fn operations_on_the_cpu() {
    assert_whole(&replay(&Device::cpu()));
}

#[test]
fn programs_on_the_cpu() {
    assert_whole(&replay_programs(&Device::cpu()));
}

#[test]
fn everything_on_the_gpu() {
    match block_on(Device::gpu()) {
        Ok(device) => {
            assert_whole(&replay(&device));
            assert_whole(&replay_programs(&device));
        }
        Err(error) if std::env::var_os("REQUIRE_GPU").is_some() => panic!("REQUIRE_GPU is set: {error}"),
        Err(error) => println!("1 skipped: {error}"),
    }
}

#[test]
fn the_comparison_notices_a_wrong_number() {
    use kindling::device::Array;
    use kindling_tests::golden::{Tolerance, compare};
    let tolerance = Tolerance { rtol: 1e-5, atol: 1e-6 };
    let check = |got: f32, want: f32| {
        let (got, want) = (Array::F32(vec![got]), Array::F32(vec![want]));
        compare("x", (&[1], &got), (&[1], &want), tolerance).is_ok()
    };
    assert!(
        check(1.0, 1.000001) && check(f32::NAN, f32::NAN) && check(f32::INFINITY, f32::INFINITY) && check(0.0, -0.0)
    );
    assert!(
        !check(1.0, 1.001) && !check(f32::NAN, 1.0) && !check(1.0, f32::INFINITY) && !check(f32::MAX, f32::INFINITY)
    );
}
