// xᶜ for a number c; see pow.wgsl. The cube and the inverse square are products, as in PyTorch.
// uses: pow

fn pow_scalar_forward(input: f32, exponent: f32) -> f32 {
    if (exponent == 3.0) {
        return input * input * input;
    }
    if (exponent == -2.0) {
        return 1.0 / (input * input);
    }
    return pow_forward(input, exponent);
}
