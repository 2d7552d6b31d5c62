// The standard deviation: the root of the variance.
// uses: shared/moments, shared/nonfinite
// checked with: shared/element_f32, shared/reduce_input, shared/epilogue

alias Output = f32;

fn acc_finalize(acc: Acc, n: u32, plane: u32) -> Output {
    let divisor = f32(n) - bitcast<f32>(params.scalar);
    if (n == 0u) {
        return not_a_number();
    }
    if (divisor <= 0.0) {
        return select(not_a_number(), infinity(), acc.squares > 0.0);
    }
    return sqrt(acc.squares / divisor);
}
