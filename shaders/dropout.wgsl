// 0 with probability p, else input / (1 − p). The same key draws the same mask.
// uses: shared/random

fn dropout_forward(input: f32, p: f32, scale: f32, key0: u32, key1: u32, i: u32) -> f32 {
    return select(0.0, input * scale, random_uniform(key0, key1, i) >= p);
}
