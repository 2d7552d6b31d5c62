// The smaller of two elements, for amin, min, argmin and min_dim.
// checked with: shared/element_i32

fn better(x: Element, than: Element) -> bool {
    return x < than;
}

fn worst() -> Element {
    return highest();
}
