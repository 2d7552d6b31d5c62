// Zeros above (tril) or below (triu) a diagonal of the matrices in the last two dimensions.

fn tril_distance(rows: u32, cols: u32, i: u32) -> i32 {
    return i32(i % cols) - i32(i / cols % rows);
}

fn tril_forward_f32(input: f32, rows: u32, cols: u32, diagonal: i32, i: u32) -> f32 {
    return select(0.0, input, tril_distance(rows, cols, i) <= diagonal);
}

fn tril_forward_i32(input: i32, rows: u32, cols: u32, diagonal: i32, i: u32) -> i32 {
    return select(0, input, tril_distance(rows, cols, i) <= diagonal);
}

fn tril_forward_u32(input: u32, rows: u32, cols: u32, diagonal: i32, i: u32) -> u32 {
    return select(0u, input, tril_distance(rows, cols, i) <= diagonal);
}

fn tril_forward_bool(input: bool, rows: u32, cols: u32, diagonal: i32, i: u32) -> bool {
    return input && tril_distance(rows, cols, i) <= diagonal;
}

fn triu_forward_f32(input: f32, rows: u32, cols: u32, diagonal: i32, i: u32) -> f32 {
    return select(0.0, input, tril_distance(rows, cols, i) >= diagonal);
}

fn triu_forward_i32(input: i32, rows: u32, cols: u32, diagonal: i32, i: u32) -> i32 {
    return select(0, input, tril_distance(rows, cols, i) >= diagonal);
}

fn triu_forward_u32(input: u32, rows: u32, cols: u32, diagonal: i32, i: u32) -> u32 {
    return select(0u, input, tril_distance(rows, cols, i) >= diagonal);
}

fn triu_forward_bool(input: bool, rows: u32, cols: u32, diagonal: i32, i: u32) -> bool {
    return input && tril_distance(rows, cols, i) >= diagonal;
}
