// Exclusive or.

fn logical_xor_forward_bool(input: bool, other: bool) -> bool {
    return input != other;
}
