// The natural logarithm. WGSL guarantees little about log near 1 and nothing at 0, below it and at
// infinity. So x = 2ᵏ·(1 + f) with √½ ≤ 1 + f < √2, and log x = k·ln 2 + log(1 + f).
// uses: shared/nonfinite

fn log_forward(input: f32) -> f32 {
    let bits = bitcast<u32>(input);
    if ((bits & 0x7fffffffu) == 0u) {
        return -infinity();
    }
    if (bits > 0x7f800000u) {
        return not_a_number(); // Negative, or NaN.
    }
    if (bits == 0x7f800000u) {
        return input;
    }
    let parts = log_parts(input);
    return parts.x * 0.693115234375 + (parts.x * 3.1946184945e-5 + log_near_one(parts.y));
}

// k and f of a positive, finite number.
fn log_parts(input: f32) -> vec2<f32> {
    var bits = bitcast<i32>(input);
    var k = 0;
    if (bits < 0x00800000) {
        // A subnormal, which GPU arithmetic may flush to 0: its bits count multiples of 2⁻¹⁴⁹.
        bits = bitcast<i32>(f32(bits));
        k = -149;
    }
    let step = (bits - 0x3f3504f3) >> 23u; // 0x3f3504f3 is √½.
    let mantissa = bitcast<f32>(bits - (step << 23u));
    return vec2<f32>(f32(k + step), mantissa - 1.0);
}

// log(1 + f) for −0.3 < f < 0.42: 2·artanh(s) with s = f / (2 + f), |s| < 0.18.
fn log_near_one(f: f32) -> f32 {
    let s = f / (2.0 + f);
    let z = s * s;
    let tail = z * (0.3333333333 + z * (0.2 + z * (0.1428571429 + z * 0.1111111111)));
    return 2.0 * (s + s * tail);
}
