//! Descriptions of the hardware, from plain data; tested without a browser.

use crate::protocol::{Adapter, Hardware, NoGpu};

/// Description of the hardware.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HardwareText {
    /// Name of the hardware.
    pub name: String,
    /// Kind: `GPU`, `software adapter`, `CPU`.
    pub kind: &'static str,
    /// Explanation, in a sentence or two.
    pub explanation: String,
}

/// Describes the hardware.
pub fn describe(hardware: &Hardware) -> HardwareText {
    match hardware {
        Hardware::Gpu(adapter) => HardwareText {
            name: name(adapter, "Graphics card"),
            kind: "GPU · WebGPU",
            explanation:
                "Networks train on this computer’s graphics card. Nothing is installed, and no data leaves the tab."
                    .to_owned(),
        },
        Hardware::Software(adapter) => HardwareText {
            name: name(adapter, "Software adapter"),
            kind: "Software · WebGPU",
            explanation: "The browser offers WebGPU, but it is emulated on the CPU. Results are the same; \
                      training is many times slower than on a GPU. If this computer has one, look for “hardware \
                      acceleration” in the browser’s settings."
                .to_owned(),
        },
        Hardware::Cpu(reason) => {
            HardwareText { name: "CPU".to_owned(), kind: "No WebGPU", explanation: without_gpu(reason) }
        }
    }
}

fn without_gpu(reason: &NoGpu) -> String {
    let reason = match reason {
        NoGpu::InsecurePage => {
            "Browsers disable WebGPU on pages loaded over plain HTTP from another machine: open this one over HTTPS or \
             from localhost to use the graphics card."
        }
        NoGpu::NoWebGpu => {
            "This browser has no WebGPU, or it is switched off. Current versions of Chrome, Edge, Safari and Firefox \
             have it."
        }
        NoGpu::NoAdapter => {
            "This browser has WebGPU but offers no adapter. Look for “hardware acceleration” in its settings, and for a \
             newer graphics driver."
        }
        NoGpu::Refused { reason } => {
            return format!("Networks train on the CPU. The graphics card could not be opened: {reason}");
        }
    };
    format!("Networks train on the CPU: the same results, in more time. {reason}")
}

/// Returns the adapter's name, from the browser's description.
fn name(adapter: &Adapter, unnamed: &str) -> String {
    if !adapter.description.is_empty() {
        return adapter.description.clone();
    }
    let vendor = match adapter.vendor.as_str() {
        "nvidia" => "NVIDIA",
        "amd" => "AMD",
        "arm" => "ARM",
        // SwiftShader: the program's name is more specific than its vendor.
        "google" if adapter.architecture == "swiftshader" => return "SwiftShader".to_owned(),
        other => &capitalized(other),
    };
    let architecture = capitalized(&adapter.architecture.replace('-', " "));
    match (vendor.is_empty(), architecture.is_empty()) {
        (true, true) => unnamed.to_owned(),
        (true, false) => architecture,
        (false, true) => vendor.to_owned(),
        (false, false) => format!("{vendor} {architecture}"),
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map_or_else(String::new, |first| std::iter::once(first.to_ascii_uppercase()).chain(letters).collect())
}

/// Formats a number of bytes in the largest unit that gives an integer or one decimal: `32 KiB`,
/// `1 GiB`, `3.9 GiB`.
pub fn format_bytes(count: f64) -> String {
    const UNITS: &[&str] = &["bytes", "KiB", "MiB", "GiB", "TiB"];
    let (mut number, mut unit) = (count, 0);
    while number >= 1024.0 && unit + 1 < UNITS.len() {
        number /= 1024.0;
        unit += 1;
    }
    let rounded = (number * 10.0).round() / 10.0;
    format!("{rounded}\u{a0}{}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(vendor: &str, architecture: &str, description: &str) -> Adapter {
        let [vendor, architecture, description] = [vendor, architecture, description].map(str::to_owned);
        Adapter { vendor, architecture, description, ..Adapter::default() }
    }

    #[test]
    fn adapters_are_named_by_the_browsers_description() {
        let gpu = |adapter| describe(&Hardware::Gpu(adapter)).name;
        assert_eq!(gpu(adapter("nvidia", "ampere", "")), "NVIDIA Ampere");
        assert_eq!(gpu(adapter("apple", "metal-3", "")), "Apple Metal 3");
        assert_eq!(gpu(adapter("intel", "", "")), "Intel");
        assert_eq!(gpu(adapter("nvidia", "ampere", "NVIDIA GeForce RTX 3070")), "NVIDIA GeForce RTX 3070");
        assert_eq!(gpu(adapter("", "", "")), "Graphics card");
        let software = describe(&Hardware::Software(adapter("google", "swiftshader", "")));
        assert_eq!((software.name.as_str(), software.kind), ("SwiftShader", "Software · WebGPU"));
    }

    #[test]
    fn the_cpu_explains_a_missing_gpu() {
        let cpu = |reason| describe(&Hardware::Cpu(reason)).explanation;
        assert!(cpu(NoGpu::InsecurePage).contains("HTTPS"));
        assert!(cpu(NoGpu::NoAdapter).contains("hardware acceleration"));
        assert!(cpu(NoGpu::Refused { reason: "out of memory".into() }).ends_with("out of memory"));
    }

    #[test]
    fn byte_counts_have_units() {
        assert_eq!(format_bytes(0.0), "0\u{a0}bytes");
        assert_eq!(format_bytes(32768.0), "32\u{a0}KiB");
        assert_eq!(format_bytes(1_073_741_824.0), "1\u{a0}GiB");
        assert_eq!(format_bytes(4_294_967_292.0), "4\u{a0}GiB");
        assert_eq!(format_bytes(1_610_612_736.0), "1.5\u{a0}GiB");
    }
}
