// √x; NaN below 0. Zero and infinity are special cases, since an adapter may compute √x as
// x·(1/√x).
// uses: shared/nonfinite

fn sqrt_forward(input: f32) -> f32 {
    let bits = bitcast<u32>(input);
    if ((bits & 0x7fffffffu) == 0u || bits == 0x7f800000u) {
        return input;
    }
    if (bits > 0x7f800000u) {
        return not_a_number(); // Negative, or NaN.
    }
    return sqrt(input);
}
