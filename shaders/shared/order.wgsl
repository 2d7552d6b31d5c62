// Floats compared by their bits: adapters may take denormal numbers for zero, and compilers may assume that there is
// no NaN.

// Integers in the order of the floats; both zeros are 0.
fn order_key(x: f32) -> i32 {
    let magnitude = bitcast<i32>(bitcast<u32>(x) & 0x7fffffffu);
    return select(magnitude, -magnitude, (bitcast<u32>(x) & 0x80000000u) != 0u);
}

// Whether neither is NaN.
fn ordered(x: f32, y: f32) -> bool {
    return max(bitcast<u32>(x) & 0x7fffffffu, bitcast<u32>(y) & 0x7fffffffu) <= 0x7f800000u;
}
