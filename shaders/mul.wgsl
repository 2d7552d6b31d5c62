// x * y.

fn mul_forward(input: f32, other: f32) -> f32 {
    return input * other;
}

fn mul_forward_i32(input: i32, other: i32) -> i32 {
    return input * other;
}

// By low and high word. The product of the low words has 64 bits and is composed from halves of 16;
// of the cross products, only the low words count.
fn mul_forward_i64(input: vec2<u32>, other: vec2<u32>) -> vec2<u32> {
    let a = vec2<u32>(input.x & 0xffffu, input.x >> 16u);
    let b = vec2<u32>(other.x & 0xffffu, other.x >> 16u);
    let low = a.x * b.x;
    let middle = a.y * b.x + (low >> 16u);
    let carried = a.x * b.y + (middle & 0xffffu);
    let high = a.y * b.y + (middle >> 16u) + (carried >> 16u);
    return vec2<u32>((carried << 16u) | (low & 0xffffu), high + input.x * other.y + input.y * other.x);
}
