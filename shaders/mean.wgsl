// The mean; NaN for no elements.
// uses: shared/nonfinite

alias Output = f32;

struct Acc {
    sum: f32,
}

fn acc_start() -> Acc {
    return Acc(0.0);
}

fn acc_add(acc: Acc, x: f32, r: u32) -> Acc {
    return Acc(acc.sum + x);
}

fn acc_merge(a: Acc, b: Acc) -> Acc {
    return Acc(a.sum + b.sum);
}

fn acc_finalize(acc: Acc, n: u32, plane: u32) -> Output {
    if (n == 0u) {
        return not_a_number();
    }
    return acc.sum / f32(n);
}
