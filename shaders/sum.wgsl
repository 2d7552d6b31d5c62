// The sum.
// joined with: shared/element_f32

fn reduce_start() -> Element {
    return Element(0);
}

fn reduce_combine(acc: Element, x: Element) -> Element {
    return acc + x;
}

fn reduce_finish(acc: Element, n: u32) -> Element {
    return acc;
}
