//! A Vulkan driver for the native tests. A graphics card's own driver is left unchanged; a machine
//! without one gets Mesa's software driver, so that every test that needs an adapter can run.

use std::path::Path;

/// Debian packages of the driver and the loader.
pub const PACKAGES: &[&str] = &["mesa-vulkan-drivers", "libvulkan1"];

/// Returns `true` if there is a loader and at least one driver. Windows and macOS include DirectX
/// 12 and Metal.
pub fn is_there() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    const LIBRARIES: &[&str] =
        &["/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/local/lib"];
    const DRIVERS: &[&str] = &["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];
    let loader = LIBRARIES.iter().any(|folder| Path::new(folder).join("libvulkan.so.1").exists());
    let named = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].iter().any(|name| std::env::var_os(name).is_some());
    let driver = DRIVERS
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .any(|mut files| files.any(|file| file.is_ok_and(|file| file.path().extension().is_some_and(|e| e == "json"))));
    loader && (named || driver)
}
