// x·min(max(x + 3, 0), 6)/6, and its gradient: 0 up to −3, x/3 + ½ between, 1 from 3 on.
// uses: shared/nonfinite

fn hardswish_forward(input: f32) -> f32 {
    if (is_nan(input)) {
        return input;
    }
    return input * clamp(input + 3.0, 0.0, 6.0) / 6.0;
}

fn hardswish_backward_forward(grad_output: f32, input: f32) -> f32 {
    if (input <= -3.0) {
        return 0.0;
    }
    return select(grad_output * (input / 3.0 + 0.5), grad_output, input >= 3.0);
}
