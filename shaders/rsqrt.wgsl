// 1/√x; infinite at 0, NaN below.
// uses: shared/nonfinite

fn rsqrt_forward(input: f32) -> f32 {
    let bits = bitcast<u32>(input);
    if ((bits & 0x7fffffffu) == 0u) {
        return select(infinity(), -infinity(), bits != 0u);
    }
    if (bits == 0x7f800000u) {
        return 0.0;
    }
    if (bits > 0x7f800000u) {
        return not_a_number(); // Negative, or NaN.
    }
    return inverseSqrt(input);
}
