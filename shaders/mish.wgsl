// x·tanh(softplus(x)), and its gradient. With n = exp(x): tanh(log(1 + n)) = (n² + 2n)/(n² + 2n +
// 2), which is 1 in f32 from x = 20 on.
// uses: sigmoid, exp, shared/nonfinite

fn mish_gate(input: f32) -> f32 {
    let n = exp_forward(min(input, 20.0));
    let square = n * (n + 2.0);
    return square / (square + 2.0);
}

fn mish_forward(input: f32) -> f32 {
    if (is_nan(input)) {
        return input;
    }
    return input * mish_gate(input);
}

fn mish_backward_forward(grad_output: f32, input: f32) -> f32 {
    let t = mish_gate(input);
    return grad_output * (t + input * sigmoid_forward(input) * (1.0 - t * t));
}
