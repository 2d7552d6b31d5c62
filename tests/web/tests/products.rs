//! Products by all threads of a browser, in a worker: every layout, awkward sizes, against sums in
//! double precision.
#![cfg(target_arch = "wasm32")]

use kindling_gemm::{Strided, Threads, browser, gemm};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen(
    inline_js = "export const cores = () => self.crossOriginIsolated ? Math.min(8, navigator.hardwareConcurrency) : 1;"
)]
extern "C" {
    fn cores() -> usize;
}

/// Returns pseudo-random numbers in −1..1, different for each seed.
fn numbers(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9) | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 * 2.0 - 1.0
    };
    (0..len).map(next).collect()
}

/// Creates a `rows` × `cols` matrix in memory: row by row or column by column, its lines `gap`
/// elements longer than needed.
fn layout(rows: usize, cols: usize, by_columns: bool, gap: usize) -> (Strided, usize) {
    let (lines, step) = if by_columns { (cols, rows + gap) } else { (rows, cols + gap) };
    let at = Strided { offset: gap, row: step as isize, col: 1 };
    (if by_columns { at.t() } else { at }, gap + lines * step)
}

/// Returns the largest difference between a product and the sums of its terms, per term.
fn worst(sizes: [usize; 3], [a_by_columns, b_by_columns]: [bool; 2], gap: usize, accumulate: bool) -> f64 {
    let [m, k, n] = sizes;
    let (a_at, a_len) = layout(m, k, a_by_columns, gap);
    let (b_at, b_len) = layout(k, n, b_by_columns, gap);
    let (out_at, out_len) = layout(m, n, false, gap);
    let (a, b) = (numbers(a_len, 1), numbers(b_len, 2));
    let before = numbers(out_len, 3);
    let mut out = before.clone();
    if let Err(error) = gemm(sizes, (&a, a_at), (&b, b_at), (&mut out, out_at), accumulate, Threads::All) {
        panic!("{error}");
    }
    let place = |at: Strided, i: usize, j: usize| at.offset + i * at.row as usize + j * at.col as usize;
    let mut worst = 0.0f64;
    let mut expected = before.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
    for i in 0..m {
        for j in 0..n {
            let term = |p| f64::from(a[place(a_at, i, p)]) * f64::from(b[place(b_at, p, j)]);
            let sum: f64 = (0..k).map(term).sum();
            let expected = &mut expected[place(out_at, i, j)];
            *expected = if accumulate { *expected + sum } else { sum };
        }
    }
    // Elements between the rows are unchanged.
    for (out, expected) in out.iter().zip(expected) {
        worst = worst.max((f64::from(*out) - expected).abs() / k as f64);
    }
    worst
}

#[wasm_bindgen_test]
async fn products_of_all_layouts_match_sums() {
    let Some(_) = browser::threads() else {
        console_log!("1 skipped: this browser has no relaxed SIMD");
        return;
    };
    // Once with the threads present at once, then with all helpers.
    for _ in 0..2 {
        for sizes in [[128, 64, 64], [97, 301, 43], [6, 2000, 60], [400, 5, 401], [1000, 700, 4], [131, 256, 129]] {
            for layouts in [[false, false], [false, true], [true, false], [true, true]] {
                for (gap, accumulate) in [(0, false), (0, true), (3, false), (3, true)] {
                    let worst = worst(sizes, layouts, gap, accumulate);
                    assert!(worst < 1e-6, "{sizes:?} {layouts:?}, gap {gap}, accumulate {accumulate}: {worst}");
                }
            }
        }
        browser::gather().await;
    }
    assert_eq!(browser::threads(), Some(cores()), "helpers that did not come");
    console_log!("{} threads", cores());
}

#[wasm_bindgen_test]
fn the_same_product_has_the_same_bits() {
    let sizes = [250, 700, 130];
    let (a, b) = (numbers(250 * 700, 5), numbers(700 * 130, 6));
    let product = || {
        let mut out = vec![0.0; 250 * 130];
        let (a_at, b_at, out_at) = (Strided::row_major(0, 700), Strided::row_major(0, 130), Strided::row_major(0, 130));
        assert_eq!(gemm(sizes, (&a, a_at), (&b, b_at), (&mut out, out_at), false, Threads::All), Ok(()));
        out
    };
    let first = product();
    for _ in 0..20 {
        assert!(product() == first);
    }
}
