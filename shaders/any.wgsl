// Logical or: true if any element is not zero. NaN is not zero.
// checked with: shared/element_u32

alias Output = u32;

struct Acc {
    found: u32,
}

fn acc_start() -> Acc {
    return Acc(0u);
}

fn acc_add(acc: Acc, x: Element, r: u32) -> Acc {
    return Acc(acc.found | select(0u, 1u, unordered(x) || x != Element(0)));
}

fn acc_merge(a: Acc, b: Acc) -> Acc {
    return Acc(a.found | b.found);
}

fn acc_finalize(acc: Acc, n: u32, plane: u32) -> Output {
    return acc.found;
}
