// Random numbers from the element's index: floats in [0, 1), integers in a range, ones with a given
// probability.
// uses: shared/random

fn rand_forward(key0: u32, key1: u32, i: u32) -> f32 {
    return random_uniform(key0, key1, i);
}

fn randint_forward(key0: u32, key1: u32, low: i32, span: u32, i: u32) -> i32 {
    return bitcast<i32>(bitcast<u32>(low) + random_word(key0, key1, i) % span);
}

fn bernoulli_forward(p: f32, key0: u32, key1: u32, i: u32) -> f32 {
    return select(0.0, 1.0, random_uniform(key0, key1, i) < p);
}
