// Threefry-2x32-20: a random word from a key and an index, the same as on the CPU (ops/random.rs).

fn threefry(key0: u32, key1: u32, counter: vec2<u32>) -> vec2<u32> {
    var keys = array<u32, 3>(key0, key1, 0x1bd11bdau ^ key0 ^ key1);
    var rotations = array<u32, 8>(13u, 15u, 26u, 6u, 17u, 29u, 16u, 24u);
    var x = counter.x + key0;
    var y = counter.y + key1;
    for (var round = 0u; round < 20u; round++) {
        let turn = rotations[round & 7u];
        x += y;
        y = ((y << turn) | (y >> (32u - turn))) ^ x;
        if ((round & 3u) == 3u) {
            let group = (round >> 2u) + 1u;
            x += keys[group % 3u];
            y += keys[(group + 1u) % 3u] + group;
        }
    }
    return vec2<u32>(x, y);
}

fn random_word(key0: u32, key1: u32, i: u32) -> u32 {
    return threefry(key0, key1, vec2<u32>(i, 0u)).x;
}

// In [0, 1), with the 24 bits that an f32 holds.
fn random_uniform(key0: u32, key1: u32, i: u32) -> f32 {
    return f32(random_word(key0, key1, i) >> 8u) * 5.9604644775390625e-8;
}
