// Floats compared by their bits: adapters may flush denormal numbers to zero, and compilers may
// assume that there is no NaN.

// Integers in the order of the floats; both zeros are 0.
fn order_key(x: f32) -> i32 {
    let magnitude = bitcast<i32>(bitcast<u32>(x) & 0x7fffffffu);
    return select(magnitude, -magnitude, (bitcast<u32>(x) & 0x80000000u) != 0u);
}

// True if neither is NaN.
fn ordered(x: f32, y: f32) -> bool {
    return max(bitcast<u32>(x) & 0x7fffffffu, bitcast<u32>(y) & 0x7fffffffu) <= 0x7f800000u;
}

// x < y for signed 64-bit integers, as low and high word.
fn less_i64(x: vec2<u32>, y: vec2<u32>) -> bool {
    return (bitcast<i32>(x.y) < bitcast<i32>(y.y)) || ((x.y == y.y) && (x.x < y.x));
}
