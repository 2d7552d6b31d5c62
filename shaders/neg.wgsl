// -x.

fn neg_forward(input: f32) -> f32 {
    return -input;
}

fn neg_forward_i32(input: i32) -> i32 {
    return -input;
}

// By low and high word: 0 − x.
fn neg_forward_i64(input: vec2<u32>) -> vec2<u32> {
    return vec2<u32>(0u - input.x, 0u - input.y - select(0u, 1u, input.x != 0u));
}
