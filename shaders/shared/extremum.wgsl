// The maximum or the minimum; NaN if there is one.
// checked with: amin, shared/element_u32

alias Output = Element;

struct Acc {
    value: Element,
}

fn acc_start() -> Acc {
    return Acc(worst());
}

fn acc_add(acc: Acc, x: Element, r: u32) -> Acc {
    let take = !unordered(acc.value) && (unordered(x) || better(x, acc.value));
    return Acc(select(acc.value, x, take));
}

fn acc_merge(a: Acc, b: Acc) -> Acc {
    return acc_add(a, b.value, 0u);
}

fn acc_finalize(acc: Acc, n: u32, plane: u32) -> Output {
    return acc.value;
}
