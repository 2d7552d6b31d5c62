// True if x is NaN.
// uses: shared/nonfinite

fn isnan_forward(input: f32) -> bool {
    return is_nan(input);
}
