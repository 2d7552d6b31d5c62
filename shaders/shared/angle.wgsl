// An angle as a quarter turn and a remainder: x = quadrant·π/2 + r with |r| ≤ π/4 (a little more by
// rounding). WGSL's own sin and cos may err by 2⁻¹¹, and by anything outside of −π … π.

struct Angle {
    quadrant: u32,
    rest: f32,
}

fn reduce_angle(x: f32) -> Angle {
    if (abs(x) < 32768.0) {
        // π/2 in four parts; the first three have so few bits that their products with n are exact.
        let n = round(x * 0.6366197724);
        let rest = (((x - n * 1.5703125) - n * 0.00048351287841796875) - n * 3.13855707645416e-7) - n * 6.0771005e-11;
        return Angle(bitcast<u32>(i32(n)) & 3u, rest);
    }
    return reduce_large_angle(x);
}

// The bits of 2/π, 32 at a time, starting with 31 zeros before the binary point.
fn two_over_pi(word: u32) -> u32 {
    switch word {
        case 1u: { return 0xa2f9836eu; }
        case 2u: { return 0x4e441529u; }
        case 3u: { return 0xfc2757d1u; }
        case 4u: { return 0xf534ddc0u; }
        case 5u: { return 0xdb629599u; }
        case 6u: { return 0x3c439041u; }
        case 7u: { return 0xfe5163abu; }
        default: { return 0u; }
    }
}

// Bits of 2/π from `start` on.
fn two_over_pi_from(start: u32) -> u32 {
    let word = start >> 5u;
    let shift = start & 31u;
    let high = two_over_pi(word);
    if (shift == 0u) {
        return high;
    }
    return (high << shift) | (two_over_pi(word + 1u) >> (32u - shift));
}

// The product of two words as (high, low).
fn multiply_words(a: u32, b: u32) -> vec2<u32> {
    let a0 = a & 0xffffu;
    let a1 = a >> 16u;
    let b0 = b & 0xffffu;
    let b1 = b >> 16u;
    let low = a0 * b0;
    let mid = a1 * b0 + (low >> 16u);
    let mid_low = a0 * b1 + (mid & 0xffffu);
    return vec2<u32>(a1 * b1 + (mid >> 16u) + (mid_low >> 16u), (mid_low << 16u) | (low & 0xffffu));
}

// Payne and Hanek: x = m·2ᵉ with integral m. Of the product with 2/π only the part below 4 quarter
// turns matters, so bits of 2/π that contribute whole multiples of it are skipped. 96 bits of it
// are more than enough.
fn reduce_large_angle(x: f32) -> Angle {
    let bits = bitcast<u32>(x);
    let m = (bits & 0x007fffffu) | 0x00800000u;
    // Bit i of 2/π has the weight 2^(e − i), so bit e − 1 is the first that counts; e ≥ −8 here.
    let start = ((bits >> 23u) & 0xffu) - 150u + 30u;
    let p2 = multiply_words(m, two_over_pi_from(start + 64u));
    let p1 = multiply_words(m, two_over_pi_from(start + 32u));
    let p0 = m * two_over_pi_from(start);
    let low = p1.y + p2.x;
    let high = p0 + p1.x + select(0u, 1u, low < p1.y);
    // (high, low) counts 2⁻⁶² quarter turns, modulo 4: two bits for the quadrant, then the
    // fraction, made signed.
    var quadrant = high >> 30u;
    var fraction_high = (high << 2u) | (low >> 30u);
    var fraction_low = low << 2u;
    let above = fraction_high >= 0x80000000u;
    if (above) {
        quadrant += 1u;
        fraction_high = ~fraction_high;
        fraction_low = ~fraction_low;
    }
    let fraction = f32(fraction_high) * 2.3283064365e-10 + f32(fraction_low) * 5.4210108624e-20;
    let rest = select(fraction, -fraction, above) * 1.5707963268;
    if (bits >= 0x80000000u) {
        return Angle((4u - quadrant) & 3u, -rest);
    }
    return Angle(quadrant & 3u, rest);
}

// sin r and cos r for |r| ≤ π/4: Taylor's series.
fn sin_near_zero(r: f32) -> f32 {
    let z = r * r;
    return r - r * z * (0.1666666667 - z * (0.008333333333 - z * (0.0001984126984 - z * 2.755731922e-6)));
}

fn cos_near_zero(r: f32) -> f32 {
    let z = r * r;
    return 1.0 - z * (0.5 - z * (0.04166666667 - z * (0.001388888889 - z * (2.48015873e-5 - z * 2.755731922e-7))));
}
