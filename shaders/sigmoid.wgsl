// 1 / (1 + exp(−x)), and its gradient from the output y: y·(1 − y).
// uses: exp

fn sigmoid_forward(input: f32) -> f32 {
    return 1.0 / (1.0 + exp_forward(-input));
}

fn sigmoid_backward_forward(grad_output: f32, output: f32) -> f32 {
    return grad_output * (output * (1.0 - output));
}
