// x without its fractional part.

fn trunc_forward(input: f32) -> f32 {
    return trunc(input);
}

fn trunc_forward_i32(input: i32) -> i32 {
    return input;
}
