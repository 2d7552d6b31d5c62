// Whether one of two or both are true.

fn logical_or_forward_bool(input: bool, other: bool) -> bool {
    return input || other;
}
