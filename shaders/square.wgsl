// x².

fn square_forward(input: f32) -> f32 {
    return input * input;
}

fn square_forward_i32(input: i32) -> i32 {
    return input * input;
}
