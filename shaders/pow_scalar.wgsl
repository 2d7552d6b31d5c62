// xᶜ for a number c; see pow.wgsl.

fn pow_scalar_forward(input: f32, exponent: f32) -> f32 {
    return pow_forward(input, exponent);
}
