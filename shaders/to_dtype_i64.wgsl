// Conversions from and to 64-bit integers, which are two words: low, high. Floats are truncated
// toward zero and saturate at 64 bits, NaN gives 0; integers wrap; conversions to floats round to
// nearest, ties to even.

fn to_dtype_bool_i64(input: bool) -> vec2<u32> {
    return vec2<u32>(u32(input), 0u);
}

fn to_dtype_u32_i64(input: u32) -> vec2<u32> {
    return vec2<u32>(input, 0u);
}

fn to_dtype_i32_i64(input: i32) -> vec2<u32> {
    return vec2<u32>(u32(input), select(0u, 0xffffffffu, input < 0));
}

fn to_dtype_f32_i64(input: f32) -> vec2<u32> {
    let bits = bitcast<u32>(input);
    let negative = (bits & 0x80000000u) != 0u;
    let magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) {
        return vec2<u32>(0u, 0u);
    }
    // 2^63 and beyond.
    if (magnitude >= 0x5f000000u) {
        return select(vec2<u32>(0xffffffffu, 0x7fffffffu), vec2<u32>(0u, 0x80000000u), negative);
    }
    // Below 1.
    if (magnitude < 0x3f800000u) {
        return vec2<u32>(0u, 0u);
    }
    // 1.m · 2^exponent: 24 bits, to be shifted by exponent − 23.
    let exponent = (magnitude >> 23u) - 127u;
    let digits = (magnitude & 0x7fffffu) | 0x800000u;
    var whole = vec2<u32>(0u, 0u);
    if (exponent <= 23u) {
        whole.x = digits >> (23u - exponent);
    } else if (exponent < 55u) {
        let bits = exponent - 23u;
        whole = vec2<u32>(digits << bits, digits >> (32u - bits));
    } else {
        whole.y = digits << (exponent - 55u);
    }
    return select(whole, minus_i64(whole), negative);
}

fn to_dtype_i64_bool(input: vec2<u32>) -> bool {
    return (input.x | input.y) != 0u;
}

fn to_dtype_i64_u32(input: vec2<u32>) -> u32 {
    return input.x;
}

fn to_dtype_i64_i32(input: vec2<u32>) -> i32 {
    return bitcast<i32>(input.x);
}

fn to_dtype_i64_f32(input: vec2<u32>) -> f32 {
    let negative = (input.y & 0x80000000u) != 0u;
    let whole = select(input, minus_i64(input), negative);
    if ((whole.x | whole.y) == 0u) {
        return 0.0;
    }
    // Index of the highest one: 1.m · 2^top.
    let top = select(31u - countLeadingZeros(whole.x), 63u - countLeadingZeros(whole.y), whole.y != 0u);
    // All bits shifted so that the highest is the 64th: 24 bits stay, 40 decide on rounding.
    let moved = shifted_up(whole, 63u - top);
    let digits = moved.y >> 8u;
    let rest = vec2<u32>(moved.x, moved.y & 0xffu);
    let beyond_half = (rest.y > 0x80u) || ((rest.y == 0x80u) && (rest.x != 0u));
    let half = (rest.y == 0x80u) && (rest.x == 0u);
    let rounded = digits + select(0u, 1u, beyond_half || (half && ((digits & 1u) == 1u)));
    // Rounding up to 2^24 carries into the exponent, as intended.
    let bits = ((top + 127u) << 23u) + (rounded - 0x800000u);
    return bitcast<f32>(select(bits, bits | 0x80000000u, negative));
}

fn minus_i64(x: vec2<u32>) -> vec2<u32> {
    return vec2<u32>(0u - x.x, 0u - x.y - select(0u, 1u, x.x != 0u));
}

// x · 2^bits, for fewer than 64 bits. A shift of a word by 32 is not defined.
fn shifted_up(x: vec2<u32>, bits: u32) -> vec2<u32> {
    if (bits == 0u) {
        return x;
    }
    if (bits >= 32u) {
        return vec2<u32>(0u, x.x << (bits - 32u));
    }
    return vec2<u32>(x.x << bits, (x.y << bits) | (x.x >> (32u - bits)));
}
