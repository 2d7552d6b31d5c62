//! PyTorch's golden files, whole, on every device there is here.

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

/// The programs of autograd, the optimizers and schedules, the training runs.
fn replay_programs(device: &Device) -> Report {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut report = Report::default();
    let checked = |result: Result<(), Failure>| result.unwrap_or_else(|e| panic!("{e}"));
    checked(autograd::run(&golden.join("autograd"), device, &mut report));
    let read = |path: &Path| std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    checked(optim::schedules(&read(&golden.join("optim/lr_schedulers.json")), &mut report));
    for folder in ["optim", "train"] {
        for entry in std::fs::read_dir(golden.join(folder)).into_iter().flatten().flatten() {
            let path = entry.path();
            let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            match (folder, path.extension().is_some_and(|e| e == "safetensors")) {
                ("optim", true) => checked(optim::run(&stem, &read(&path), device, &mut report)),
                ("train", true) => train::run(&stem, &read(&path), device, &mut report),
                _ => {}
            }
        }
    }
    report
}

fn assert_whole(report: &Report) {
    println!("{report}");
    assert_eq!(report.wrong(), [""; 0], "golden cases failed");
    let missing: Vec<&str> = report.failures.iter().map(|(_, case, _)| case.as_str()).collect();
    assert!(report.passed() > 50 * missing.len(), "too much is missing: {missing:?}");
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
