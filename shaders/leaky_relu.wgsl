// x if it is positive, else slope·x; and its gradient, which is the slope at 0.

fn leaky_relu_forward(input: f32, slope: f32) -> f32 {
    return select(input * slope, input, input > 0.0);
}

fn leaky_relu_backward_forward(grad_output: f32, input: f32, slope: f32) -> f32 {
    return select(grad_output * slope, grad_output, input > 0.0);
}
