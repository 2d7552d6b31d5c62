// log(1 + exp(β·x))/β, and x itself if β·x exceeds a threshold; and its gradient sigmoid(β·x), or
// 1.
// uses: sigmoid, log1p, exp

fn softplus_forward(input: f32, beta: f32, threshold: f32) -> f32 {
    let x = input * beta;
    if (x > threshold) {
        return input;
    }
    // log(1 + eᶻ) = max(z, 0) + log(1 + exp(−|z|)): exp cannot overflow.
    return (max(x, 0.0) + log1p_forward(exp_forward(-abs(x)))) / beta;
}

fn softplus_backward_forward(grad_output: f32, input: f32, beta: f32, threshold: f32) -> f32 {
    let x = input * beta;
    return select(grad_output * sigmoid_forward(x), grad_output, x > threshold);
}
