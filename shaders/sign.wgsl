// −1, 0 or 1; NaN has the sign 0.

fn sign_forward(input: f32) -> f32 {
    return select(0.0, 1.0, input > 0.0) - select(0.0, 1.0, input < 0.0);
}

fn sign_forward_i32(input: i32) -> i32 {
    return sign(input);
}
