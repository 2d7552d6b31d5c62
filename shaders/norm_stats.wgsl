// Statistics of a normalization: plane 0 the mean, 1 the variance over n, 2 one over the root of
// variance + eps.
// uses: shared/moments
// checked with: shared/element_f32, shared/reduce_input, shared/epilogue

alias Output = f32;

fn acc_finalize(acc: Acc, n: u32, plane: u32) -> Output {
    if (plane == 0u) {
        return acc.mean;
    }
    let variance = acc.squares / f32(n);
    if (plane == 1u) {
        return variance;
    }
    return 1.0 / sqrt(variance + bitcast<f32>(params.scalar));
}
