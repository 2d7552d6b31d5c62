//! Steps of a test run: prerequisites, command, and evaluation of the result.

use super::count::Count;
use crate::process::{command, output, stream};
use crate::serve::{dist, trunk, use_wasm_toolchain};
use crate::setup::{Need, Tools};
use crate::workspace::{root, write};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A step of a test run.
pub struct Step {
    /// Name on the command line.
    pub name: &'static str,
    /// Description, in a line.
    pub about: &'static str,
    /// Prerequisites.
    pub needs: &'static [Need],
    /// Runs the step. An error is a failure to be printed; a failed test has printed its own
    /// message.
    pub run: fn(&Tools) -> Result<Outcome, String>,
}

/// Result of a step.
pub struct Outcome {
    /// Counts of its tests; a step without tests counts as one.
    pub count: Count,
    /// Remark for the table.
    pub note: Option<String>,
}

impl Outcome {
    /// Creates the result of a failed step.
    pub fn failure() -> Outcome {
        Outcome { count: Count { failed: 1, ..Count::default() }, note: None }
    }
}

/// All steps, the quick ones first.
pub const STEPS: &[Step] = &[
    Step { name: "fmt", about: "the code is formatted", needs: &[], run: fmt },
    Step { name: "clippy", about: "no warning in native code", needs: &[], run: clippy },
    Step {
        name: "clippy-wasm",
        about: "no warning in what is built for the browser",
        needs: &[Need::WasmTarget],
        run: clippy_wasm,
    },
    Step { name: "test", about: "native tests and documentation examples", needs: &[Need::Vulkan], run: test },
    Step {
        name: "web",
        about: "tests in headless Chromium, in a worker, on WebGPU",
        needs: &[Need::WasmTarget, Need::WasmBindgen, Need::Browser],
        run: web,
    },
    Step { name: "page", about: "the page builds; its size", needs: crate::setup::PAGE, run: page },
    Step {
        name: "e2e",
        about: "the built page, opened and clicked in Chromium",
        needs: &[Need::WasmTarget, Need::Trunk, Need::WasmBindgen, Need::Node, Need::Browser],
        run: e2e,
    },
];

/// Packages built for wasm32; the native steps leave out the wasm-only crate.
const WASM_PACKAGES: &[&str] = &["kindling", "kindling-app", "kindling-web-tests"];
const WASM_ONLY: &str = "kindling-web-tests";
const WASM_TARGET: &str = "wasm32-unknown-unknown";

fn fmt(_: &Tools) -> Result<Outcome, String> {
    counted(command("cargo").args(["fmt", "--all", "--check"]))
}

fn clippy(_: &Tools) -> Result<Outcome, String> {
    counted(cargo().args(["clippy", "--workspace", "--exclude", WASM_ONLY, "--all-targets", "--", "-D", "warnings"]))
}

fn clippy_wasm(tools: &Tools) -> Result<Outcome, String> {
    if tools.wasm_toolchain.is_some() {
        println!("Skipped: the toolchain that builds for wasm32 on this machine has no clippy.");
        return Ok(Outcome { count: Count { skipped: 1, ..Count::default() }, note: Some("no clippy".to_owned()) });
    }
    let mut clippy = cargo();
    clippy.arg("clippy");
    for package in WASM_PACKAGES {
        clippy.args(["--package", package]);
    }
    // Not the examples: they wait for reads and open files, which a browser does not allow.
    let targets = ["--lib", "--bins", "--tests"];
    counted(clippy.args(["--target", WASM_TARGET]).args(targets).args(["--", "-D", "warnings"]))
}

fn test(_: &Tools) -> Result<Outcome, String> {
    counted(cargo().args(["test", "--workspace", "--exclude", WASM_ONLY, "--no-fail-fast"]))
}

fn web(tools: &Tools) -> Result<Outcome, String> {
    let browser = tools.browser.as_ref().ok_or("no Chromium with ChromeDriver")?;
    let settings = root().join("target/xtask/webdriver.json");
    write(&settings, &browser.webdriver_json())?;
    let mut test = cargo();
    test.args(["test", "--package", WASM_ONLY, "--target", WASM_TARGET, "--no-fail-fast"])
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", tools.wasm_bindgen.join("wasm-bindgen-test-runner"))
        .env("CHROMEDRIVER", &browser.driver)
        .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", settings)
        .env("WASM_BINDGEN_TEST_TIMEOUT", "600");
    use_wasm_toolchain(&mut test, tools);
    counted(&mut test)
}

fn page(tools: &Tools) -> Result<Outcome, String> {
    let mut outcome = counted(trunk(tools).args(["build", "--release"]))?;
    if outcome.count.failed == 0 {
        outcome.note = Some(sizes(&dist())?);
    }
    Ok(outcome)
}

fn e2e(tools: &Tools) -> Result<Outcome, String> {
    let mut node = node(tools)?;
    // Built by the native tests already: with another selection cargo would build all dependencies.
    crate::process::run(cargo().args(["test", "--workspace", "--exclude", WASM_ONLY, "--no-run"]))?;
    for (variable, program) in [("KINDLING", "kindling"), ("ONNX_CASES", "onnx_cases")] {
        node.env(variable, root().join("target/debug").join(format!("{program}{}", std::env::consts::EXE_SUFFIX)));
    }
    // Files by name: versions of node differ in their treatment of a folder.
    let tests =
        files(&root().join("tests/e2e"))?.into_iter().filter(|file| file.to_string_lossy().ends_with(".test.mjs"));
    counted(node.args(["--test", "--test-reporter=spec"]).args(tests))
}

/// Takes screenshots of the page, for inspection.
pub fn screenshots(tools: &Tools) -> Result<(), String> {
    crate::process::run(node(tools)?.arg("tests/e2e/screenshots.mjs"))
}

/// Returns Node.js with the variables of `tests/e2e/site.mjs`, after a build of the page if there
/// is none.
fn node(tools: &Tools) -> Result<Command, String> {
    let browser = tools.browser.as_ref().ok_or("no Chromium with ChromeDriver")?;
    if !dist().join("index.html").is_file() {
        crate::serve::build(tools)?;
    }
    let mut node = command("node");
    node.env("CHROME", &browser.program)
        .env("CHROME_FLAGS", crate::setup::CHROME_FLAGS.join(" "))
        .env("KINDLING_NODE_MODULES", &tools.node_modules);
    Ok(node)
}

fn cargo() -> Command {
    let mut cargo = command("cargo");
    if std::io::stdout().is_terminal() {
        cargo.env("CARGO_TERM_COLOR", "always");
    }
    cargo
}

/// Runs a command and counts its tests. A command without tests counts as one, and so does a
/// failure without a failed test: code that does not compile, a runner that crashed.
fn counted(command: &mut Command) -> Result<Outcome, String> {
    let mut count = Count::default();
    let success = stream(command, |line| count.read(line))?;
    if success && count == Count::default() {
        count.passed = 1;
    } else if !success && count.failed == 0 {
        count.failed = 1;
    }
    Ok(Outcome { count, note: None })
}

/// Limit for the first load: wasm and JavaScript of page and worker, in bytes after gzip -9. The
/// budget is 1,250,000; `docs/performance.md` says what has to go to meet it.
const MAX_FIRST_LOAD_BYTES: u64 = 1_295_000;

/// JavaScript for measurements only, which no visitor downloads.
const MEASURING: &str = "bench.js";

/// Prints the size of each file of the page and returns the sums; refuses a page above the budget.
fn sizes(folder: &Path) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
    let (mut sum, mut packed_sum, mut code) = (0, 0, 0);
    println!("\n{:>10} {:>10}  file", "bytes", "gzipped");
    for file in files(folder)? {
        let size = std::fs::metadata(&file).map_err(cannot)?.len();
        let packed = gzipped(&file).unwrap_or(size);
        let name = file.file_name().unwrap_or_default().display().to_string();
        println!("{size:>10} {packed:>10}  {name}");
        sum += size;
        packed_sum += packed;
        let is_code = file.extension().is_some_and(|extension| extension == "wasm" || extension == "js");
        if is_code && name != MEASURING {
            code += packed;
        }
    }
    if code > MAX_FIRST_LOAD_BYTES {
        return Err(format!(
            "wasm and JavaScript are {code} bytes gzipped, more than {MAX_FIRST_LOAD_BYTES}: see docs/performance.md, Bytes"
        ));
    }
    Ok(format!(
        "{} kB, {} kB gzipped, of it wasm and JavaScript {}",
        sum.div_ceil(1000),
        packed_sum.div_ceil(1000),
        code.div_ceil(1000)
    ))
}

/// Lists the files of a folder by name, with subfolders except `data`, which is not part of the
/// page.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let cannot = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if path.is_file() {
            files.push(path);
        } else if !path.ends_with("data") {
            files.extend(self::files(&path)?);
        }
    }
    files.sort();
    Ok(files)
}

/// Returns the size after `gzip -9`, as a server sends the file. `None` without gzip.
fn gzipped(file: &Path) -> Option<u64> {
    let script = "gzip -9 -c \"$1\" | wc -c";
    output(Command::new("sh").args(["-c", script, "sh"]).arg(file))?.parse().ok()
}
