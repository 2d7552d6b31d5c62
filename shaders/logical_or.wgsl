// x ∨ y.

fn logical_or_forward_bool(input: bool, other: bool) -> bool {
    return input || other;
}
