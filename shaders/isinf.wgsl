// True if x is infinite.
// uses: shared/nonfinite

fn isinf_forward(input: f32) -> bool {
    return is_infinite(input);
}
