// Logarithm of the sum of exponentials: the maximum so far, and the sum of exponentials relative to
// it.
// uses: exp, log, shared/nonfinite
// checked with: shared/element_f32

alias Output = f32;

struct Acc {
    top: f32,
    sum: f32,
}

fn acc_start() -> Acc {
    return Acc(lowest(), 0.0);
}

fn acc_add(acc: Acc, x: f32, r: u32) -> Acc {
    return acc_merge(acc, Acc(x, 1.0));
}

// The sum of exponentials relative to `top`; for an infinite top only its equals count.
fn relative_to(acc: Acc, top: f32) -> f32 {
    return select(acc.sum * exp_forward(acc.top - top), acc.sum, acc.top == top);
}

fn acc_merge(a: Acc, b: Acc) -> Acc {
    let top = max(a.top, b.top);
    if (is_nan(a.top) || is_nan(b.top)) {
        return Acc(not_a_number(), 1.0);
    }
    return Acc(top, relative_to(a, top) + relative_to(b, top));
}

fn acc_finalize(acc: Acc, n: u32, plane: u32) -> Output {
    if (is_infinite(acc.top) || is_nan(acc.top)) {
        return acc.top;
    }
    return acc.top + log_forward(acc.sum);
}
