// xʸ with the special values of C's pow: WGSL's is exp2(y·log2(x)), wrong for negative x and
// inaccurate for large powers.
// uses: log, exp, shared/nonfinite

fn pow_forward(input: f32, exponent: f32) -> f32 {
    let one = 0x3f800000u;
    let infinite = 0x7f800000u;
    let size = bitcast<u32>(input) & 0x7fffffffu;
    let exponent_size = bitcast<u32>(exponent) & 0x7fffffffu;
    if (exponent_size == 0u || bitcast<u32>(input) == one) {
        return 1.0; // Even of NaN.
    }
    if (size > infinite || exponent_size > infinite) {
        return not_a_number();
    }
    if (exponent_size == infinite) {
        if (size == one) {
            return 1.0;
        }
        return select(0.0, infinity(), (size > one) == (exponent > 0.0));
    }
    let negative = bitcast<u32>(input) >= 0x80000000u;
    let whole = floor(exponent) == exponent;
    // From 2²⁴ on all floats are even.
    let odd = whole && exponent_size < 0x4b800000u && (i32(exponent) & 1) == 1;
    let sign = select(1.0, -1.0, negative && odd);
    if (size == 0u || size == infinite) {
        return sign * select(0.0, infinity(), (size == infinite) == (exponent > 0.0));
    }
    if (negative && !whole) {
        return not_a_number();
    }
    return sign * pow_positive(bitcast<f32>(size), exponent);
}

// xʸ for positive, finite x and finite y. With x = 2ᵏ·m the exponent of 2 is y·k + y·log2(m). The
// first product can be large, so y is split into a part of few bits, for which it is exact, and the
// rest.
fn pow_positive(x: f32, y: f32) -> f32 {
    let parts = log_parts(x);
    let k = parts.x;
    let fraction = log_near_one(parts.y) * 1.442695041;
    let estimate = y * (k + fraction);
    if (estimate > 128.5) {
        return infinity();
    }
    if (estimate < -151.0) {
        return 0.0;
    }
    let y_high = bitcast<f32>(bitcast<u32>(y) & 0xfffff000u);
    let large = y_high * k;
    let small = (y - y_high) * k + y * fraction;
    let n = round(large + small);
    let r = (large - n) + small;
    return scale_exp(exp_near_zero(r * 0.6931471806), i32(n));
}

// Powers of integers by repeated squaring, wrapping. Negative exponents: 1/x truncated toward zero,
// as in PyTorch for two tensors.
fn pow_forward_i32(input: i32, exponent: i32) -> i32 {
    if (exponent < 0) {
        if (input == 1) {
            return 1;
        }
        return select(0, select(1, -1, (exponent & 1) != 0), input == -1);
    }
    var result = 1;
    var square = input;
    var rest = exponent;
    while (rest > 0) {
        if ((rest & 1) == 1) {
            result *= square;
        }
        square *= square;
        rest >>= 1u;
    }
    return result;
}
