// x / y.

fn div_forward(input: f32, other: f32) -> f32 {
    return input / other;
}
