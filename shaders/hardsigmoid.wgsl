// min(max(x + 3, 0), 6)/6, and its gradient: 1/6 between −3 and 3.
// uses: shared/nonfinite

fn hardsigmoid_forward(input: f32) -> f32 {
    if (is_nan(input)) {
        return input;
    }
    return clamp(input + 3.0, 0.0, 6.0) / 6.0;
}

fn hardsigmoid_backward_forward(grad_output: f32, input: f32) -> f32 {
    return select(0.0, grad_output / 6.0, input > -3.0 && input < 3.0);
}
