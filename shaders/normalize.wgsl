// (x - mean)·rstd, times a weight, plus a bias.

fn normalize_forward(x: f32, mean: f32, rstd: f32) -> f32 {
    return (x - mean) * rstd;
}

fn normalize_forward_weight(x: f32, mean: f32, rstd: f32, weight: f32) -> f32 {
    return (x - mean) * rstd * weight;
}

fn normalize_forward_affine(x: f32, mean: f32, rstd: f32, weight: f32, bias: f32) -> f32 {
    return (x - mean) * rstd * weight + bias;
}
