//! Numbers as pixels: RGBA bytes for the page's canvases.

use kindling::format::Normalization;

/// Converts images from bytes, channels first, one after another.
pub fn of_bytes(chw: &[u8], [channels, height, width]: [usize; 3]) -> Vec<u8> {
    let plane = height * width;
    let mut rgba = Vec::with_capacity(chw.len() / channels.max(1) * 4);
    for image in chw.chunks_exact((channels * plane).max(1)) {
        let channel = |c: usize| if channels >= 3 { c * plane } else { 0 };
        for i in 0..plane {
            rgba.extend([image[channel(0) + i], image[channel(1) + i], image[channel(2) + i], 255]);
        }
    }
    rgba
}

/// Converts normalized images of a batch back to their original values.
pub fn of_batch(values: &[f64], [channels, height, width]: [usize; 3], normalization: &Normalization) -> Vec<u8> {
    let plane = (height * width).max(1);
    let byte = |(index, x): (usize, &f64)| {
        let c = index / plane % channels.max(1);
        let (mean, std) = (normalization.mean.get(c), normalization.std.get(c));
        let value = x * std.copied().unwrap_or(1.0) + mean.copied().unwrap_or(0.0);
        (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
    };
    let bytes: Vec<u8> = values.iter().enumerate().map(byte).collect();
    of_bytes(&bytes, [channels, height, width])
}

/// Converts values to gray, the smallest black and the largest white.
pub fn gray(values: &[f32], [low, high]: [f32; 2]) -> Vec<u8> {
    let scale = if high > low { 255.0 / (high - low) } else { 0.0 };
    let pixel = |x: &f32| {
        let gray = ((x - low) * scale).clamp(0.0, 255.0) as u8;
        [gray, gray, gray, 255]
    };
    values.iter().flat_map(pixel).collect()
}

/// Returns the minimum and maximum of the finite values.
pub fn range(values: &[f32]) -> [f32; 2] {
    let finite = || values.iter().copied().filter(|x| x.is_finite());
    let (low, high) = (finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max));
    if low <= high { [low, high] } else { [0.0, 0.0] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_become_pixels() {
        assert_eq!(of_bytes(&[1, 2, 3, 4, 5, 6], [3, 1, 2]), [1, 3, 5, 255, 2, 4, 6, 255]);
        assert_eq!(of_bytes(&[7, 8], [1, 1, 2]), [7, 7, 7, 255, 8, 8, 8, 255]);
        assert_eq!(gray(&[0.0, 1.0, 2.0], [0.0, 2.0])[4], 127);
        assert_eq!(range(&[f32::NAN, -1.0, 3.0]), [-1.0, 3.0]);
        let normalization = Normalization { mean: vec![0.5], std: vec![0.25] };
        assert_eq!(of_batch(&[2.0, -2.0], [1, 1, 2], &normalization), [255, 255, 255, 255, 0, 0, 0, 255]);
    }
}
