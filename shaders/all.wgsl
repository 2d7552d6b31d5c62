// Logical and: true if no element is zero. NaN is not zero.
// checked with: shared/element_f32

alias Output = u32;

struct Acc {
    holds: u32,
}

fn acc_start() -> Acc {
    return Acc(1u);
}

fn acc_add(acc: Acc, x: Element, r: u32) -> Acc {
    return Acc(acc.holds & select(0u, 1u, unordered(x) || x != Element(0)));
}

fn acc_merge(a: Acc, b: Acc) -> Acc {
    return Acc(a.holds & b.holds);
}

fn acc_finalize(acc: Acc, n: u32, plane: u32) -> Output {
    return acc.holds;
}
