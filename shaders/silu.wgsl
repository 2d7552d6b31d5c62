// x·sigmoid(x), and its gradient: s·(1 + x·(1 − s)) with s = sigmoid(x).
// uses: sigmoid

fn silu_forward(input: f32) -> f32 {
    return input * sigmoid_forward(input);
}

fn silu_backward_forward(grad_output: f32, input: f32) -> f32 {
    let s = sigmoid_forward(input);
    return grad_output * (s * (1.0 + input * (1.0 - s)));
}
