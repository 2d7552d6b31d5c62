// eˣ. WGSL allows exp an error of 3 + 2|x| units in the last place, too much for large |x|, and any
// result beyond the range of f32. So x = k·ln 2 + r with integral k, |r| ≤ ln 2 / 2, and eˣ =
// 2ᵏ·eʳ.
// uses: shared/nonfinite

fn exp_forward(input: f32) -> f32 {
    if (is_nan(input)) {
        return input;
    }
    if (input > 88.722839) {
        return infinity();
    }
    if (input < -104.0) {
        return 0.0;
    }
    let k = round(input * 1.442695041);
    // ln 2 in two parts; the first has few bits, so its product with k is exact.
    let r = (input - k * 0.693115234375) - k * 3.1946184945e-5;
    return scale_exp(exp_near_zero(r), i32(k));
}

// eʳ for |r| ≤ ½: Taylor's series, whose next term is below 1e-9 of the result for |r| ≤ ln 2 / 2.
fn exp_near_zero(r: f32) -> f32 {
    let tail = 0.5 + r * (0.1666666667 + r * (0.04166666667 + r * (0.008333333333 + r * (0.001388888889 + r * 0.0001984126984))));
    return 1.0 + (r + r * r * tail);
}

// x·2ᵏ for −150 ≤ k ≤ 128: in two steps, since 2ᵏ itself may not be a normal number.
fn scale_exp(x: f32, k: i32) -> f32 {
    let half = k / 2;
    return x * bitcast<f32>(u32(half + 127) << 23u) * bitcast<f32>(u32(k - half + 127) << 23u);
}
