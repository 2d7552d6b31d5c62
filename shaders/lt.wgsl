// x < y.
// uses: shared/order

fn lt_forward_f32(input: f32, other: f32) -> bool {
    return ordered(input, other) && order_key(input) < order_key(other);
}

fn lt_forward_i32(input: i32, other: i32) -> bool {
    return input < other;
}

fn lt_forward_i64(input: vec2<u32>, other: vec2<u32>) -> bool {
    return less_i64(input, other);
}

fn lt_forward_u32(input: u32, other: u32) -> bool {
    return input < other;
}
