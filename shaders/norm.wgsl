// The root of the sum of squares, accumulated as scale² · sum with the scale the largest so far: no
// square overflows.
// uses: shared/nonfinite

alias Output = f32;

struct Acc {
    scale: f32,
    sum: f32,
}

fn acc_start() -> Acc {
    return Acc(0.0, 0.0);
}

fn acc_add(acc: Acc, x: f32, r: u32) -> Acc {
    return acc_merge(acc, Acc(abs(x), 1.0));
}

fn acc_merge(a: Acc, b: Acc) -> Acc {
    if (is_nan(a.scale) || is_nan(b.scale)) {
        return Acc(not_a_number(), 1.0);
    }
    if (b.scale == 0.0) {
        return a;
    }
    if (a.scale == b.scale) {
        return Acc(a.scale, a.sum + b.sum);
    }
    let ratio = min(a.scale, b.scale) / max(a.scale, b.scale);
    if (a.scale > b.scale) {
        return Acc(a.scale, a.sum + b.sum * ratio * ratio);
    }
    return Acc(b.scale, b.sum + a.sum * ratio * ratio);
}

fn acc_finalize(acc: Acc, n: u32, plane: u32) -> Output {
    if (acc.scale == 0.0 || is_nan(acc.scale) || is_infinite(acc.scale)) {
        return acc.scale;
    }
    return acc.scale * sqrt(acc.sum);
}
