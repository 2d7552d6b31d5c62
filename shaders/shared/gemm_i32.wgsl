// Products of integers, wrapping.
alias Element = i32;
alias Output = i32;

fn multiply_add(a: vec4<i32>, b: vec4<i32>, c: vec4<i32>) -> vec4<i32> {
    return a * b + c;
}
