// max(x, 0), written so that NaN stays NaN, and its gradient from the output.

fn relu_forward(input: f32) -> f32 {
    return select(input, 0.0, input <= 0.0);
}

fn relu_forward_i32(input: i32) -> i32 {
    return max(input, 0);
}

fn relu_backward_forward(grad_output: f32, output: f32) -> f32 {
    return select(grad_output, 0.0, output <= 0.0);
}
