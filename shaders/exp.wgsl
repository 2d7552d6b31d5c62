// e^x.

fn exp_forward(input: f32) -> f32 {
    return exp(input);
}
