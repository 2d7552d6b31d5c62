//! Products by all threads of a browser: large ones are copied to `products.wat`, a separate
//! program in memory that workers share. Rust's own threads would need a standard library that
//! stable Rust does not have for wasm. The module knows matrices only.
//!
//! The engine's worker writes two matrices to that memory, takes part in the work and reads the
//! result. Its helpers wait there for the next product (`products.js`, which is downloaded: its
//! comments are here). If pages may not share memory, for lack of the isolation headers, there are
//! no helpers, and the program has one thread.

use std::cell::OnceCell;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::Strided;

/// `products.wat`, assembled by `build.rs`.
const PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/products.wasm"));

/// Number of multiply-adds below which copying, some 20 microseconds, does not pay.
const MIN_WORK: usize = 1 << 19;

#[wasm_bindgen(module = "/src/browser/products.js")]
extern "C" {
    /// Loads the program and starts helpers, once. Returns `false` without relaxed SIMD, and on the
    /// page's own thread, which may not wait.
    fn open(program: &[u8]) -> bool;
    /// Resolves when all helpers have started, or after a second without them.
    #[wasm_bindgen(js_name = gather)]
    async fn arrivals();
    /// Returns the number of threads started so far.
    fn ready() -> u32;
    /// Computes out = a·b, or out += a·b if `keep`. Slices begin with a matrix's first element and
    /// end with its last one, with these strides of rows and columns; columns of `out` are
    /// contiguous. Returns `false` if there was no memory for it.
    #[allow(clippy::too_many_arguments, reason = "a call into JavaScript passes numbers, not structs")]
    fn multiply(
        m: u32,
        k: u32,
        n: u32,
        a: &[f32],
        a_row: u32,
        a_col: u32,
        b: &[f32],
        b_row: u32,
        b_col: u32,
        out: &mut [f32],
        out_row: u32,
        keep: bool,
    ) -> bool;
}

thread_local! {
    static OPEN: OnceCell<bool> = const { OnceCell::new() };
}

fn opened() -> bool {
    OPEN.with(|open_once| *open_once.get_or_init(|| open(PROGRAM)))
}

/// Starts the helpers and waits for them, at most a second. Without this call the first large
/// product starts them, and they join when the worker next yields to the browser.
pub async fn gather() {
    if opened() {
        arrivals().await;
    }
}

/// Returns the number of threads that multiply so far, or `None` if the browser lacks relaxed SIMD,
/// or a worker to run in.
pub fn threads() -> Option<usize> {
    opened().then(|| ready() as usize)
}

/// Returns the elements from the first to the last of a `rows` × `cols` matrix, if they are most of
/// that range.
fn range(at: Strided, rows: usize, cols: usize) -> Option<std::ops::Range<usize>> {
    let (row, col) = (usize::try_from(at.row).ok()?, usize::try_from(at.col).ok()?);
    let len = (rows - 1) * row + (cols - 1) * col + 1;
    (len <= 2 * rows * cols).then_some(at.offset..at.offset + len)
}

/// Computes `out = a·b`, or `out += a·b`, if it is large enough and supported. The matrices fit
/// their slices, and none is empty.
pub(crate) fn product(
    [m, k, n]: [usize; 3],
    (a, a_at): (&[f32], Strided),
    (b, b_at): (&[f32], Strided),
    (out, out_at): (&mut [f32], Strided),
    accumulate: bool,
) -> bool {
    // A product with a vector reads each element once, as a copy does.
    if m.min(n) < 4 || m.saturating_mul(k).saturating_mul(n) < MIN_WORK || out_at.col != 1 || !opened() {
        return false;
    }
    let (Some(a_range), Some(b_range), Some(out_range)) = (range(a_at, m, k), range(b_at, k, n), range(out_at, m, n))
    else {
        return false;
    };
    multiply(
        m as u32,
        k as u32,
        n as u32,
        &a[a_range],
        a_at.row as u32,
        a_at.col as u32,
        &b[b_range],
        b_at.row as u32,
        b_at.col as u32,
        &mut out[out_range],
        out_at.row as u32,
        accumulate,
    )
}
