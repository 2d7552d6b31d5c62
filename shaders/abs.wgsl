// |x|.

fn abs_forward(input: f32) -> f32 {
    return abs(input);
}

fn abs_forward_i32(input: i32) -> i32 {
    return abs(input);
}
