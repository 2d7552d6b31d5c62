// x·Φ(x) with the normal distribution Φ(x) = ½·(1 + erf(x/√2)), or its approximation by tanh; and
// their gradients.
// uses: erf, tanh, exp

fn gelu_forward(input: f32) -> f32 {
    return input * 0.5 * (1.0 + erf_forward(input * 0.7071067812));
}

// Φ(x) + x·φ(x) with the density φ(x) = exp(−x²/2)/√(2π).
fn gelu_backward_forward(grad_output: f32, input: f32) -> f32 {
    let distribution = 0.5 * (1.0 + erf_forward(input * 0.7071067812));
    let density = 0.3989422804 * exp_forward(-0.5 * input * input);
    return grad_output * (distribution + input * density);
}

// ½·x·(1 + tanh u), u = √(2/π)·(x + 0.044715·x³).
fn gelu_tanh_forward(input: f32) -> f32 {
    let u = 0.7978845608 * (input + 0.044715 * input * input * input);
    return 0.5 * input * (1.0 + tanh_forward(u));
}

// ½·(1 + t) + ½·x·(1 − t²)·u′ with t = tanh u.
fn gelu_tanh_backward_forward(grad_output: f32, input: f32) -> f32 {
    let square = input * input;
    let t = tanh_forward(0.7978845608 * (input + 0.044715 * input * square));
    let slope = 0.7978845608 * (1.0 + 0.134145 * square);
    return grad_output * (0.5 * (1.0 + t) + 0.5 * input * (1.0 - t * t) * slope);
}
