//! Chromium (or Chrome) and ChromeDriver, for the tests that run in a browser.

use crate::process::which;
use std::path::PathBuf;

/// A browser and its driver. Their major versions must agree, as those of Debian's packages do.
pub struct Browser {
    /// Path of Chromium or Chrome.
    pub program: PathBuf,
    /// Path of ChromeDriver.
    pub driver: PathBuf,
}

/// Flags for a headless Chromium with WebGPU by SwiftShader, without a GPU and without network.
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
    /// Returns the settings file that wasm-bindgen's test runner passes to ChromeDriver.
    pub fn webdriver_json(&self) -> String {
        serde_json::json!({
            "goog:chromeOptions": { "binary": self.program, "args": FLAGS }
        })
        .to_string()
    }
}

/// Returns the browser named by `$CHROME` and `$CHROMEDRIVER`, or the one in the usual locations.
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

/// Returns the Debian packages.
pub fn packages() -> &'static [&'static str] {
    &["chromium", "chromium-driver"]
}

fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_file())
}
