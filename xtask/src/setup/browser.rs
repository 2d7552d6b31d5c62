//! Chromium (or Chrome) and ChromeDriver, for the tests that run in a browser.

use crate::process::which;
use std::path::PathBuf;

/// A browser and the program that drives it. Their major versions must agree: Debian's packages see to that.
pub struct Browser {
    /// Chromium or Chrome.
    pub program: PathBuf,
    /// ChromeDriver.
    pub driver: PathBuf,
}

/// Flags under which a headless Chromium gives WebGPU without a GPU, through SwiftShader, and stays off the network.
pub const FLAGS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

impl Browser {
    /// The settings file that wasm-bindgen's test runner hands to ChromeDriver.
    pub fn webdriver_json(&self) -> String {
        serde_json::json!({
            "goog:chromeOptions": { "binary": self.program, "args": FLAGS }
        })
        .to_string()
    }
}

/// The browser that `$CHROME` and `$CHROMEDRIVER` name, or the one found where installations put it.
pub fn find() -> Option<Browser> {
    let program = named("CHROME").or_else(|| {
        const NAMES: &[&str] = &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
        const PLACES: &[&str] = &[
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            "/Applications/Chromium.app/Contents/MacOS/Chromium",
            "C:/Program Files/Google/Chrome/Application/chrome.exe",
        ];
        let place = || PLACES.iter().map(PathBuf::from).find(|path| path.is_file());
        NAMES.iter().find_map(|name| which(name)).or_else(place)
    })?;
    let driver = named("CHROMEDRIVER").or_else(|| which("chromedriver"))?;
    Some(Browser { program, driver })
}

/// The Debian packages.
pub fn packages() -> &'static [&'static str] {
    &["chromium", "chromium-driver"]
}

fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_file())
}
