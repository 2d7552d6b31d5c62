// The sum.
// checked with: shared/element_f32

alias Output = Element;

struct Acc {
    sum: Element,
}

fn acc_start() -> Acc {
    return Acc(Element(0));
}

fn acc_add(acc: Acc, x: Element, r: u32) -> Acc {
    return Acc(acc.sum + x);
}

fn acc_merge(a: Acc, b: Acc) -> Acc {
    return Acc(a.sum + b.sum);
}

fn acc_finalize(acc: Acc, n: u32, plane: u32) -> Output {
    return acc.sum;
}
