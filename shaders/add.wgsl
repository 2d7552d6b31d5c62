// x + y.

fn add_forward(input: f32, other: f32) -> f32 {
    return input + other;
}

fn add_forward_i32(input: i32, other: i32) -> i32 {
    return input + other;
}

// By low and high word, with the carry of the low ones.
fn add_forward_i64(input: vec2<u32>, other: vec2<u32>) -> vec2<u32> {
    let low = input.x + other.x;
    return vec2<u32>(low, input.y + other.y + select(0u, 1u, low < input.x));
}
