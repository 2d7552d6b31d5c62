// The inverse tangent. WGSL's own may err by 4096 units in the last place. Reduced to |x| ≤
// tan(π/8) by atan x = π/2 − atan(1/x) and atan x = π/4 + atan((x − 1)/(x + 1)), then Taylor's
// series.

fn atan_forward(input: f32) -> f32 {
    let a = abs(input);
    var x = a;
    var start = 0.0;
    if (a > 2.414213562) {
        x = -1.0 / a;
        start = 1.570796327;
    } else if (a > 0.4142135624) {
        x = (a - 1.0) / (a + 1.0);
        start = 0.7853981634;
    }
    let z = x * x;
    let tail = z * (0.3333333333 - z * (0.2 - z * (0.1428571429 - z * (0.1111111111 - z * (0.09090909091
        - z * (0.07692307692 - z * 0.06666666667))))));
    let result = start + (x - x * tail);
    return select(result, -result, input < 0.0);
}
