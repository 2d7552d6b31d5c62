//! Grad mode: recording of operations for backward, on or off (`no_grad`, `enable_grad`, as in
//! PyTorch). Each thread has its own mode.

use std::cell::Cell;

thread_local! {
    static ENABLED: Cell<bool> = const { Cell::new(true) };
}

/// Returns `true` if operations are recorded for backward.
pub fn is_grad_enabled() -> bool {
    ENABLED.with(Cell::get)
}

/// A guard that sets the mode until it is dropped.
#[must_use = "the mode lasts as long as the guard"]
pub struct GradMode {
    before: bool,
}

impl GradMode {
    /// Sets the mode and returns a guard that restores the previous one.
    pub fn set(enabled: bool) -> Self {
        Self { before: ENABLED.with(|e| e.replace(enabled)) }
    }
}

impl Drop for GradMode {
    fn drop(&mut self) {
        ENABLED.with(|e| e.set(self.before));
    }
}

/// Runs `f` without recording anything for backward.
///
/// ```
/// use kindling::{Device, Tensor, no_grad};
/// # fn main() -> kindling::Result<()> {
/// let x = Tensor::ones([2], &Device::cpu())?.requires_grad_(true)?;
/// let y = no_grad(|| x.mul_scalar(2.0))?;
/// assert!(!y.requires_grad());
/// # Ok(()) }
/// ```
pub fn no_grad<T>(f: impl FnOnce() -> T) -> T {
    let _mode = GradMode::set(false);
    f()
}

/// Runs `f` with recording on, also inside [`no_grad`].
pub fn enable_grad<T>(f: impl FnOnce() -> T) -> T {
    let _mode = GradMode::set(true);
    f()
}
