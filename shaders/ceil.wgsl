// The smallest integer not below x.

fn ceil_forward(input: f32) -> f32 {
    return ceil(input);
}

fn ceil_forward_i32(input: i32) -> i32 {
    return input;
}
