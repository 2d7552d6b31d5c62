// x - y.

fn sub_forward(input: f32, other: f32) -> f32 {
    return input - other;
}

fn sub_forward_i32(input: i32, other: i32) -> i32 {
    return input - other;
}

// By low and high word, with the borrow of the low ones.
fn sub_forward_i64(input: vec2<u32>, other: vec2<u32>) -> vec2<u32> {
    return vec2<u32>(input.x - other.x, input.y - other.y - select(0u, 1u, input.x < other.x));
}
