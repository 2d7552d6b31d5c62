// The error function 2/√π ∫₀ˣ exp(−t²) dt. Near 0 Taylor's series; further out 1 − exp(−x²)·q(1/(1
// + x)), where q was fitted to exp(x²)·erfc(x) on [1, 4.2] to 3e-8; beyond 4 it is 1 in f32.
// uses: exp, shared/nonfinite

fn erf_forward(input: f32) -> f32 {
    if (is_nan(input)) {
        return input;
    }
    let x = abs(input);
    if (x < 1.0) {
        let z = x * x;
        let series = 1.128379167 - z * (0.3761263890 - z * (0.1128379167 - z * (0.02686617064 - z * (0.005223977625
            - z * (0.0008548327023 - z * (0.0001205533299 - z * (1.492565036e-5 - z * (1.646211437e-6
            - z * 1.636584469e-7))))))));
        return input * series;
    }
    if (x > 4.0) {
        return select(1.0, -1.0, input < 0.0);
    }
    let t = 1.0 / (1.0 + x);
    let q = -0.0003793340774 + t * (0.5728703043 + t * (0.4813221359 + t * (0.7038832286 + t * (-1.469694494
        + t * (0.8834816734 - t * 0.1626278779)))));
    let result = 1.0 - exp_forward(-x * x) * q;
    return select(result, -result, input < 0.0);
}
