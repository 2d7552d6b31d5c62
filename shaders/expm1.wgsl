// eˣ − 1, also exact for small x, for which eˣ would round x away.
// uses: exp

fn expm1_forward(input: f32) -> f32 {
    if (abs(input) < 0.5) {
        let tail = 0.5 + input * (0.1666666667 + input * (0.04166666667 + input * (0.008333333333
            + input * (0.001388888889 + input * (0.0001984126984 + input * 2.48015873e-5)))));
        return input + input * input * tail;
    }
    return exp_forward(input) - 1.0;
}
