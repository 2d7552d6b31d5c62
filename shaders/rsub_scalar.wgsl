// c - x.

fn rsub_scalar_forward(input: f32, other: f32) -> f32 {
    return other - input;
}
