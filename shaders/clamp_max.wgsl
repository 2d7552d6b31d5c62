// min(x, high); NaN stays NaN. The gradient passes strictly below the bound.
// uses: shared/nonfinite

fn clamp_max_forward(input: f32, high: f32) -> f32 {
    if (is_nan(input)) {
        return input;
    }
    return min(input, high);
}

fn clamp_max_backward_forward(grad_output: f32, input: f32, high: f32) -> f32 {
    return select(0.0, grad_output, input < high);
}
