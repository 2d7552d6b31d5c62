// 1/x.

fn reciprocal_forward(input: f32) -> f32 {
    return 1.0 / input;
}
