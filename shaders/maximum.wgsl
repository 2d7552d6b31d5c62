// The larger of two numbers, NaN if either is; and the share of the gradient of the first: half for
// ties.
// uses: shared/nonfinite, shared/order

fn maximum_forward(input: f32, other: f32) -> f32 {
    if (is_nan(input)) {
        return input;
    }
    return select(max(input, other), other, is_nan(other));
}

fn maximum_forward_i32(input: i32, other: i32) -> i32 {
    return max(input, other);
}

fn maximum_forward_i64(input: vec2<u32>, other: vec2<u32>) -> vec2<u32> {
    return select(input, other, less_i64(input, other));
}

fn maximum_share_forward(input: f32, other: f32) -> f32 {
    return select(select(1.0, 0.5, input == other), 0.0, input < other);
}
