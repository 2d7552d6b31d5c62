// max(x, low); NaN stays NaN. The gradient passes strictly above the bound.
// uses: shared/nonfinite

fn clamp_min_forward(input: f32, low: f32) -> f32 {
    if (is_nan(input)) {
        return input;
    }
    return max(input, low);
}

fn clamp_min_backward_forward(grad_output: f32, input: f32, low: f32) -> f32 {
    return select(0.0, grad_output, input > low);
}
