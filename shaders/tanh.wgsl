// The hyperbolic tangent, by e = exp(−2|x|) − 1: |tanh x| = −e / (2 + e), also exact for small x;
// and its gradient from the output y: 1 − y².
// uses: expm1, shared/nonfinite

fn tanh_forward(input: f32) -> f32 {
    if (is_nan(input)) {
        return input;
    }
    let e = expm1_forward(-2.0 * abs(input));
    let size = -e / (2.0 + e);
    return select(size, -size, input < 0.0);
}

fn tanh_backward_forward(grad_output: f32, output: f32) -> f32 {
    return grad_output * (1.0 - output * output);
}
