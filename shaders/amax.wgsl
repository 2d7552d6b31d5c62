// Which of two elements is greater: what amax, max, argmax and max_dim look for.
// joined with: shared/extremum, shared/element_f32, reduce, shared/reduce_input, shared/team, shared/finish

fn better(x: Element, than: Element) -> bool {
    return x > than;
}

fn worst() -> Element {
    return lowest();
}
