//! Float functions without branches and calls, so that loops over them compile to vector
//! instructions.

/// Computes tanh(x), within 2 units in the last place. After Cephes' `tanhf`: a polynomial near 0,
/// else 1 − 2/(exp(2|x|) + 1).
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    // From 10 on the result is 1. NaN compares false.
    let size = if x.abs() > 10.0 { 10.0 } else { x.abs() };
    let square = size * size;
    let near = (-5.704_988_7e-3 * square + 2.063_909e-2) * square - 5.373_971_6e-2;
    let near = (near * square + 0.133_314_42) * square - 0.333_332_8;
    let near = near * square * size + size;
    let far = 1.0 - 2.0 / (exp_small(2.0 * size) + 1.0);
    let result = if size < 0.625 { near } else { far };
    f32::from_bits(result.to_bits() | (x.to_bits() & 0x8000_0000))
}

/// Computes exp(x) for |x| ≤ 80. After Cephes' `expf`: x = n·ln 2 + r, exp(x) = 2ⁿ·exp(r).
#[inline(always)]
fn exp_small(x: f32) -> f32 {
    /// Magic constant: adding it rounds a small number to an integer, in the lowest bits.
    const TO_WHOLE: f32 = 12_582_912.0;
    let bits = x * std::f32::consts::LOG2_E + TO_WHOLE;
    let n = bits - TO_WHOLE;
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let p = ((1.987_569_1e-4 * r + 1.398_2e-3) * r + 8.333_452e-3) * r + 4.166_579_6e-2;
    let p = (p * r + 0.166_666_65) * r + 0.5;
    let power = f32::from_bits((bits.to_bits() << 23).wrapping_add(0x3f80_0000));
    (p * (r * r) + r + 1.0) * power
}

#[cfg(test)]
mod tests {
    use super::tanh;

    #[test]
    fn tanh_is_within_two_units_of_the_exact_value() {
        for i in -40_000..=40_000i32 {
            let x = i as f32 * 3e-4;
            let (got, want) = (tanh(x), f64::from(x).tanh());
            let unit = f64::from(f32::EPSILON) * want.abs().max(f64::from(f32::MIN_POSITIVE));
            assert!((f64::from(got) - want).abs() <= 2.0 * unit, "tanh({x}) = {got}, not {want}");
        }
        assert_eq!(tanh(f32::INFINITY), 1.0);
        assert_eq!(tanh(f32::NEG_INFINITY), -1.0);
        assert_eq!(tanh(-0.0).to_bits(), (-0.0f32).to_bits());
        assert!(tanh(f32::NAN).is_nan());
        assert_eq!(tanh(1e-30), 1e-30);
    }
}
