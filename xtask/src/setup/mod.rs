//! Prerequisites of Kindling's commands: detection, and installation by name from the ordinary
//! package managers. Detection takes milliseconds; a complete machine is left unchanged.

mod apt;
mod browser;
mod cargo_tools;
mod job;
mod node;
mod rust;
mod vulkan;

pub use browser::{Browser, FLAGS as CHROME_FLAGS};
use std::path::PathBuf;

/// A prerequisite.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Rust's standard library for wasm32-unknown-unknown.
    WasmTarget,
    /// trunk, which builds the page.
    Trunk,
    /// wasm-bindgen and its test runner.
    WasmBindgen,
    /// Node.js with wasm-opt, playwright-core and axe-core.
    Node,
    /// Chromium and ChromeDriver.
    Browser,
    /// A Vulkan driver: the graphics card's, or Mesa's software one.
    Vulkan,
}

/// Prerequisites of the tests.
pub const EVERYTHING: &[Need] =
    &[Need::WasmTarget, Need::Trunk, Need::WasmBindgen, Need::Node, Need::Browser, Need::Vulkan];

/// Prerequisites of building the page.
pub const PAGE: &[Need] = &[Need::WasmTarget, Need::Trunk, Need::WasmBindgen, Need::Node];

/// Paths of the tools; those not requested may be absent.
pub struct Tools {
    /// Name of the rustup toolchain that builds for wasm32, if the current one cannot.
    pub wasm_toolchain: Option<&'static str>,
    /// Path of the `trunk` program.
    pub trunk: PathBuf,
    /// Folder of `wasm-bindgen` and `wasm-bindgen-test-runner`.
    pub wasm_bindgen: PathBuf,
    /// Folder `node_modules` of `xtask/tools/package.json`.
    pub node_modules: PathBuf,
    /// Browser and its driver.
    pub browser: Option<Browser>,
}

impl Need {
    fn is_there(self) -> Result<bool, String> {
        Ok(match self {
            Need::WasmTarget => rust::wasm_toolchain().is_some(),
            Need::Trunk => cargo_tools::trunk().is_some(),
            Need::WasmBindgen => cargo_tools::wasm_bindgen()?.is_some(),
            Need::Node => node::modules()?.is_some(),
            Need::Browser => browser::find().is_some(),
            Need::Vulkan => vulkan::is_there(),
        })
    }

    fn name(self) -> &'static str {
        match self {
            Need::WasmTarget => "Rust's wasm32-unknown-unknown target",
            Need::Trunk => "trunk",
            Need::WasmBindgen => "wasm-bindgen-cli in Cargo.lock's version",
            Need::Node => "Node.js with wasm-opt, playwright-core and axe-core",
            Need::Browser => "Chromium and ChromeDriver",
            Need::Vulkan => "a Vulkan driver",
        }
    }
}

/// Lists missing prerequisites; fails if there are any.
pub fn check() -> Result<(), String> {
    let missing = missing(EVERYTHING)?;
    if missing.is_empty() {
        println!("Everything is there.");
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|need| need.name()).collect();
    Err(format!("missing: {} (`cargo xtask setup` installs them)", names.join(", ")))
}

/// Installs the missing ones of `needs`, and returns the paths of the tools.
pub fn ensure(needs: &[Need]) -> Result<Tools, String> {
    let missing = missing(needs)?;
    if !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(|need| need.name()).collect();
        println!("To install: {}.", names.join(", "));
        install(&missing)?;
        if let Some(need) = missing.iter().find(|need| need.is_there() != Ok(true)) {
            return Err(format!("{} is still missing after its installation", need.name()));
        }
        println!("Set-up is complete.");
    }
    node::share_with_trunk()?;
    cargo_tools::share_with_trunk()?;
    Ok(Tools {
        wasm_toolchain: rust::wasm_toolchain().flatten(),
        trunk: cargo_tools::trunk().unwrap_or_else(|| PathBuf::from("trunk")),
        wasm_bindgen: cargo_tools::wasm_bindgen()?.unwrap_or_default(),
        node_modules: node::modules()?.unwrap_or_default(),
        browser: browser::find(),
    })
}

fn missing(needs: &[Need]) -> Result<Vec<Need>, String> {
    let mut missing = Vec::new();
    for need in needs {
        if !need.is_there()? {
            missing.push(*need);
        }
    }
    Ok(missing)
}

/// Installs in parallel: downloads (apt, npm) wait for the network, compilation (cargo) for the
/// processor.
fn install(missing: &[Need]) -> Result<(), String> {
    let wanted = |need| missing.contains(&need);
    let mut packages: Vec<&str> = Vec::new();
    // Answers within seconds, and determines the packages for apt.
    let build_std = wanted(Need::WasmTarget) && !rust::add_target();
    if build_std {
        packages.extend(rust::DEBIAN_PACKAGES);
    }
    if wanted(Need::Node) {
        packages.extend(node::packages());
    }
    if wanted(Need::Browser) {
        packages.extend(browser::packages());
    }
    if wanted(Need::Vulkan) {
        packages.extend(vulkan::PACKAGES);
    }

    let packaged = || -> Result<(), String> {
        apt::install(&packages)?;
        let npm = if wanted(Need::Node) { node::install() } else { Ok(()) };
        let std = if build_std { rust::build_std() } else { Ok(()) };
        npm.and(std)
    };
    let compiled = || -> Result<(), String> {
        // In sequence: they share half of their dependencies, compiled once.
        let trunk = if wanted(Need::Trunk) { cargo_tools::install_trunk() } else { Ok(()) };
        let bindgen = if wanted(Need::WasmBindgen) { cargo_tools::install_wasm_bindgen() } else { Ok(()) };
        cargo_tools::clean_up();
        trunk.and(bindgen)
    };
    let (compiled, packaged) = std::thread::scope(|scope| {
        let packaged = scope.spawn(packaged);
        (compiled(), packaged.join())
    });
    let packaged = packaged.unwrap_or_else(|_| Err("the installation of packages crashed".to_owned()));
    match (packaged, compiled) {
        (Err(first), Err(second)) => Err(format!("{first}\n{second}")),
        (first, second) => first.and(second),
    }
}
