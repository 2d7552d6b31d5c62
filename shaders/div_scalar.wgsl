// x / c.

fn div_scalar_forward(input: f32, other: f32) -> f32 {
    return input / other;
}
