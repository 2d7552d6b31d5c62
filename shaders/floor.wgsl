// The largest integer not above x.

fn floor_forward(input: f32) -> f32 {
    return floor(input);
}

fn floor_forward_i32(input: i32) -> i32 {
    return input;
}
