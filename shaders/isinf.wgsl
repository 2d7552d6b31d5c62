// True if x is infinite.
// joined with: shared/nonfinite

fn isinf_forward(input: f32) -> bool {
    return is_infinite(input);
}
