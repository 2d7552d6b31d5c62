// Products of floats.
alias Element = f32;
alias Output = f32;

fn multiply_add(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>) -> vec4<f32> {
    return fma(a, b, c);
}
