//! Devices for tests. A missing GPU is reported, and fails the test if `REQUIRE_GPU` is set.

use kindling::{Device, block_on};

/// Returns the GPU, if there is one.
///
/// # Panics
/// There is none, and `REQUIRE_GPU` is set.
#[expect(clippy::panic, reason = "a test that must have a GPU fails without one")]
pub fn gpu() -> Option<Device> {
    match block_on(Device::gpu()) {
        Ok(gpu) => Some(gpu),
        Err(error) if std::env::var_os("REQUIRE_GPU").is_some() => panic!("REQUIRE_GPU is set: {error}"),
        Err(error) => {
            println!("1 skipped, no GPU: {error}");
            None
        }
    }
}

/// Returns the CPU, and the GPU if there is one.
pub fn devices() -> Vec<Device> {
    std::iter::once(Device::cpu()).chain(gpu()).collect()
}
