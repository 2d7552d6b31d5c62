// True if x is NaN.
// joined with: shared/nonfinite

fn isnan_forward(input: f32) -> bool {
    return is_nan(input);
}
