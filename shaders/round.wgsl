// The nearest integer, ties to even.

fn round_forward(input: f32) -> f32 {
    return round(input);
}

fn round_forward_i32(input: i32) -> i32 {
    return input;
}
