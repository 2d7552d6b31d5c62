// The smaller of two numbers, NaN if either is.
// joined with: shared/nonfinite

fn minimum_forward(input: f32, other: f32) -> f32 {
    if (is_nan(input)) {
        return input;
    }
    return select(min(input, other), other, is_nan(other));
}

fn minimum_forward_i32(input: i32, other: i32) -> i32 {
    return min(input, other);
}
