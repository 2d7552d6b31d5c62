// The smaller of two numbers, NaN if either is.
// uses: shared/nonfinite, shared/order

fn minimum_forward(input: f32, other: f32) -> f32 {
    if (is_nan(input)) {
        return input;
    }
    return select(min(input, other), other, is_nan(other));
}

fn minimum_forward_i32(input: i32, other: i32) -> i32 {
    return min(input, other);
}

fn minimum_forward_i64(input: vec2<u32>, other: vec2<u32>) -> vec2<u32> {
    return select(input, other, less_i64(other, input));
}
