// x ∧ y.

fn logical_and_forward_bool(input: bool, other: bool) -> bool {
    return input && other;
}
