// Kernels over `Element` compute with integers.
alias Element = i32;

fn unordered(x: Element) -> bool {
    return false;
}

fn lowest() -> Element {
    return -2147483647i - 1i;
}

fn highest() -> Element {
    return 2147483647i;
}
