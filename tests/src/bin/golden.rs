//! `golden DIR --device cpu|gpu [--family a,b]`: replays a directory of golden files on the engine,
//! prints a line per family and ends with `N passed, N failed`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use kindling::{Device, block_on};
use kindling_tests::golden::{Failure, Report, autograd, ops, optim, train};

/// Replays PyTorch's golden files.
#[derive(Parser)]
struct Args {
    /// Directory in the format of tests/golden/README.md.
    dir: PathBuf,
    /// Device to run on: cpu or gpu.
    #[arg(long, default_value = "cpu")]
    device: String,
    /// Families to replay, by file stem; all by default.
    #[arg(long, value_delimiter = ',')]
    family: Vec<String>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(report) => {
            print!("{report}");
            println!("{} passed, {} failed", report.passed(), report.failed());
            ExitCode::from(u8::from(report.failed() > 0))
        }
        Err(failure) => {
            eprintln!("golden: {failure}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> Result<Report, Failure> {
    let device = match args.device.as_str() {
        "cpu" => Device::cpu(),
        "gpu" => block_on(Device::gpu())?,
        other => return Err(Failure::Harness(format!("--device is cpu or gpu, not {other}"))),
    };
    let mut report = Report::default();
    for path in files(&args.dir.join("ops"), "safetensors")? {
        if wanted(&args.family, &path) {
            block_on(ops::run(&read(&path)?, &device, &mut report))?;
        }
    }
    let programs = args.dir.join("autograd");
    if wanted(&args.family, &programs) && programs.join("cases.json").is_file() {
        let files = [read(&programs.join("cases.json"))?, read(&programs.join("cases.safetensors"))?];
        block_on(autograd::run(&files[0], &files[1], &device, &mut report))?;
    }
    let rates = args.dir.join("optim/lr_schedulers.json");
    if rates.is_file() && optim_wanted(&args.family, &rates) {
        optim::schedules(&read(&rates)?, &mut report)?;
    }
    for path in files(&args.dir.join("optim"), "safetensors")? {
        if optim_wanted(&args.family, &path) {
            block_on(optim::run(&stem(&path), &read(&path)?, &device, &mut report))?;
        }
    }
    for path in files(&args.dir.join("train"), "safetensors")? {
        if wanted(&args.family, &path) || args.family.iter().any(|f| f == train::FAMILY) {
            block_on(train::run(&stem(&path), &read(&path)?, &device, &mut report));
        }
    }
    Ok(report)
}

/// Returns `true` if an optimizer's file is selected, by its stem or by the name of all.
fn optim_wanted(families: &[String], path: &Path) -> bool {
    wanted(families, path) || families.iter().any(|f| f == optim::FAMILY)
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Returns `true` if a family, the stem of a path, is selected.
fn wanted(families: &[String], path: &Path) -> bool {
    let stem = path.file_stem().map(|s| s.to_string_lossy());
    families.is_empty() || families.iter().any(|f| Some(f.as_str()) == stem.as_deref())
}

/// Lists the files of a folder with an extension, sorted; none if the folder does not exist.
fn files(dir: &Path, ending: &str) -> Result<Vec<PathBuf>, Failure> {
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(dir).map_err(|e| Failure::Harness(format!("{}: {e}", dir.display())))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == ending));
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|e| Failure::Harness(format!("{}: {e}", path.display())))
}
