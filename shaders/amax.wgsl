// The larger of two elements, for amax, max, argmax and max_dim.
// joined with: shared/extremum, shared/element_f32, reduce, shared/reduce_input, shared/team, shared/epilogue

fn better(x: Element, than: Element) -> bool {
    return x > than;
}

fn worst() -> Element {
    return lowest();
}
