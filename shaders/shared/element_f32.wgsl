// Kernels over `Element` compute with floats.
alias Element = f32;

// True for NaN, which equals nothing, itself included.
fn unordered(x: Element) -> bool {
    return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

fn lowest() -> Element {
    var bits = 0xff800000u;
    return bitcast<f32>(bits);
}

fn highest() -> Element {
    var bits = 0x7f800000u;
    return bitcast<f32>(bits);
}
