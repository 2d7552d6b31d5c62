// cˣ for a number c; see pow.wgsl.

fn rpow_scalar_forward(input: f32, base: f32) -> f32 {
    return pow_forward(base, input);
}
