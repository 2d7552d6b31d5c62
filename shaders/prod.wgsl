// The product.
// checked with: shared/element_i32

alias Output = Element;

struct Acc {
    product: Element,
}

fn acc_start() -> Acc {
    return Acc(Element(1));
}

fn acc_add(acc: Acc, x: Element, r: u32) -> Acc {
    return Acc(acc.product * x);
}

fn acc_merge(a: Acc, b: Acc) -> Acc {
    return Acc(a.product * b.product);
}

fn acc_finalize(acc: Acc, n: u32, plane: u32) -> Output {
    return acc.product;
}
