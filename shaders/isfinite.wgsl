// True if x is neither NaN nor infinite.
// uses: shared/nonfinite

fn isfinite_forward(input: f32) -> bool {
    return !is_nan(input) && !is_infinite(input);
}
