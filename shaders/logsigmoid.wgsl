// log(sigmoid(x)) = min(x, 0) − log(1 + exp(−|x|)).
// uses: log1p, exp, shared/nonfinite

fn logsigmoid_forward(input: f32) -> f32 {
    if (is_nan(input)) {
        return input;
    }
    return min(input, 0.0) - log1p_forward(exp_forward(-abs(input)));
}
