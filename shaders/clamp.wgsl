// min(max(x, low), high), so that low > high gives high; NaN stays NaN. The gradient passes
// strictly between the bounds.
// uses: shared/nonfinite

fn clamp_forward(input: f32, low: f32, high: f32) -> f32 {
    if (is_nan(input)) {
        return input;
    }
    return min(max(input, low), high);
}

fn clamp_backward_forward(grad_output: f32, input: f32, low: f32, high: f32) -> f32 {
    return select(0.0, grad_output, input > low && input < high);
}
