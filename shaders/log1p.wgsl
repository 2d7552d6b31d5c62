// log(1 + x), also exact for small x, for which 1 + x would round x away.
// uses: log

fn log1p_forward(input: f32) -> f32 {
    if (input > -0.29 && input < 0.41) {
        return log_near_one(input);
    }
    return log_forward(1.0 + input);
}
