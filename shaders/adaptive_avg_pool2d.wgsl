// Windows of adaptive pooling, as many as the output has elements and as even as possible, for
// shared/mean_pool.wgsl.
// uses: shared/mean_pool

struct Params {
    len: u32,
    offset: u32,
    size: vec2<u32>,
    out_size: vec2<u32>,
}

fn span(d: u32, o: u32) -> Span {
    let size = params.size[d];
    let count = params.out_size[d];
    let begin = o * size / count;
    let end = ((o + 1u) * size + count - 1u) / count;
    return Span(begin, end, end - begin);
}

fn first_window(d: u32, i: u32) -> u32 {
    return i * params.out_size[d] / params.size[d];
}

fn end_window(d: u32, i: u32) -> u32 {
    return ((i + 1u) * params.out_size[d] + params.size[d] - 1u) / params.size[d];
}

fn divisor(rows: Span, cols: Span) -> f32 {
    return f32(rows.counts * cols.counts);
}
