// The larger of two elements, for amax, max, argmax and max_dim.
// checked with: shared/element_f32

fn better(x: Element, than: Element) -> bool {
    return x > than;
}

fn worst() -> Element {
    return lowest();
}
