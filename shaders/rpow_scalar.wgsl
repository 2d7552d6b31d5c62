// cˣ for a number c; see pow.wgsl.
// uses: pow

fn rpow_scalar_forward(input: f32, base: f32) -> f32 {
    return pow_forward(base, input);
}
