// x if it is positive, else α·(exp(x) − 1); and its gradient 1 or α·exp(x), which is α at 0.
// uses: expm1, exp

fn elu_forward(input: f32, alpha: f32) -> f32 {
    if (input > 0.0) {
        return input;
    }
    return alpha * expm1_forward(input);
}

fn elu_backward_forward(grad_output: f32, input: f32, alpha: f32) -> f32 {
    if (input > 0.0) {
        return grad_output;
    }
    return grad_output * alpha * exp_forward(input);
}
