// cˣ for a number c; see pow.wgsl.
// joined with: pow, log, exp, shared/nonfinite

fn rpow_scalar_forward(input: f32, base: f32) -> f32 {
    return pow_forward(base, input);
}
