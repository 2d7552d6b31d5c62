//! Resizing with an antialiased bilinear filter in Pillow's fixed-point arithmetic: two passes,
//! horizontal first, each rounded to bytes. Equal to `Image.resize(size, Image.Resampling.BILINEAR,
//! box=…)` to the bit.
//! [Resample.c](https://github.com/python-pillow/Pillow/blob/main/src/libImaging/Resample.c)

use std::borrow::Cow;

/// Fraction bits of a weight: a weighted sum of bytes fits in 32 bits.
const PRECISION: u32 = 32 - 8 - 2;

/// Input pixels of an output pixel, and their weights.
struct Window {
    first: usize,
    weights: Vec<i32>,
}

/// Crops the center of an image to the aspect ratio of `to` and resizes it to `to` (height, width):
/// Pillow's `ImageOps.fit`. The order of Pillow's passes depends on its version (13 runs the
/// cheaper one first); here the horizontal one is first. `pixels` are rows of `channels` bytes per
/// pixel; neither size is 0.
pub fn fit(pixels: Cow<'_, [u8]>, from: [usize; 2], to: [usize; 2], channels: usize) -> Cow<'_, [u8]> {
    if from == to {
        return pixels;
    }
    let [[top, bottom], [left, right]] = crop(from, to);
    let mut rows = pixels;
    let mut width = from[1];
    if width != to[1] || left != 0.0 || right != width as f32 {
        let windows = windows(from[1], left, right, to[1]);
        rows = Cow::Owned(horizontal(&rows, from[1], &windows, channels));
        width = to[1];
    }
    if from[0] != to[0] || top != 0.0 || bottom != from[0] as f32 {
        let windows = windows(from[0], top, bottom, to[0]);
        rows = Cow::Owned(vertical(&rows, width * channels, &windows));
    }
    rows
}

/// Returns the largest centered crop with the aspect ratio of `to`: start and end of rows, then of
/// columns. Pillow computes it in double precision and passes it in single.
fn crop([height, width]: [usize; 2], to: [usize; 2]) -> [[f32; 2]; 2] {
    let (height, width) = (height as f64, width as f64);
    let (have, want) = (width / height, to[1] as f64 / to[0] as f64);
    let (wide, high) = if have == want {
        (width, height)
    } else if have >= want {
        (want * height, height)
    } else {
        (width, width / want)
    };
    let (left, top) = ((width - wide) * 0.5, (height - high) * 0.5);
    [[top as f32, (top + high) as f32], [left as f32, (left + wide) as f32]]
}

/// The windows of `to` pixels that `from..until` of `size` pixels are scaled to.
fn windows(size: usize, from: f32, until: f32, to: usize) -> Vec<Window> {
    // The difference is taken in single precision, as in Pillow.
    let scale = f64::from(until - from) / to as f64;
    let stretch = scale.max(1.0);
    let window = |i: usize| {
        let center = f64::from(from) + (i as f64 + 0.5) * scale;
        // Pillow casts toward zero, then clamps.
        let first = ((center - stretch + 0.5) as i64).max(0) as usize;
        let end = ((center + stretch + 0.5) as i64).clamp(0, size as i64) as usize;
        let triangle = |x: usize| {
            let distance = ((x as f64 - center + 0.5) * (1.0 / stretch)).abs();
            if distance < 1.0 { 1.0 - distance } else { 0.0 }
        };
        let weights: Vec<f64> = (first..end).map(triangle).collect();
        let sum: f64 = weights.iter().sum();
        let fixed = |w: f64| {
            let share = if sum == 0.0 { w } else { w / sum };
            (0.5 + share * f64::from(1u32 << PRECISION)) as i32
        };
        Window { first, weights: weights.into_iter().map(fixed).collect() }
    };
    (0..to).map(window).collect()
}

fn rounded(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

const HALF: i32 = 1 << (PRECISION - 1);

fn horizontal(pixels: &[u8], width: usize, windows: &[Window], channels: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(pixels.len() / width * windows.len());
    for row in pixels.chunks_exact(width * channels) {
        for Window { first, weights } in windows {
            let part = &row[first * channels..];
            for c in 0..channels {
                let samples = part.iter().skip(c).step_by(channels);
                out.push(rounded(samples.zip(weights).fold(HALF, |sum, (x, w)| sum + i32::from(*x) * w)));
            }
        }
    }
    out
}

fn vertical(pixels: &[u8], row: usize, windows: &[Window]) -> Vec<u8> {
    let mut out = Vec::with_capacity(row * windows.len());
    let mut sums = vec![0; row];
    for Window { first, weights } in windows {
        sums.fill(HALF);
        for (line, w) in pixels[first * row..].chunks_exact(row).zip(weights) {
            sums.iter_mut().zip(line).for_each(|(sum, x)| *sum += i32::from(*x) * w);
        }
        out.extend(sums.iter().map(|sum| rounded(*sum)));
    }
    out
}
