// Which of two elements is less: what amin, min, argmin and min_dim look for.
// joined with: shared/arg_extremum, shared/element_i32, reduce, shared/reduce_input, shared/team, shared/finish

fn better(x: Element, than: Element) -> bool {
    return x < than;
}

fn worst() -> Element {
    return highest();
}
