// Kernels over `Element` compute with unsigned integers, or with bools, which are 0 or 1.
alias Element = u32;

fn unordered(x: Element) -> bool {
    return false;
}

fn lowest() -> Element {
    return 0u;
}

fn highest() -> Element {
    return 4294967295u;
}
