// The smaller of two elements, for amin, min, argmin and min_dim.
// joined with: shared/arg_extremum, shared/element_i32, reduce, shared/reduce_input, shared/team, shared/epilogue

fn better(x: Element, than: Element) -> bool {
    return x < than;
}

fn worst() -> Element {
    return highest();
}
