// Windows of one size at a constant stride, for shared/mean_pool.wgsl.
// uses: shared/mean_pool

struct Params {
    len: u32,
    offset: u32,
    size: vec2<u32>,
    out_size: vec2<u32>,
    count_include_pad: u32,
    divisor_override: u32,
    kernel: vec2<u32>,
    stride: vec2<u32>,
    padding: vec2<u32>,
    dilation: vec2<u32>,
}

fn span(d: u32, o: u32) -> Span {
    let padding = params.padding[d];
    let size = params.size[d];
    // In coordinates of the padded image.
    let start = o * params.stride[d];
    let end = min(start + params.kernel[d], size + 2u * padding);
    let first = max(start, padding) - padding;
    let last = min(max(end, padding) - padding, size);
    return Span(first, last, select(max(last, first) - first, end - start, params.count_include_pad == 1u));
}

fn first_window(d: u32, i: u32) -> u32 {
    let position = i + params.padding[d] + 1u;
    return (max(position, params.kernel[d]) - params.kernel[d] + params.stride[d] - 1u) / params.stride[d];
}

fn end_window(d: u32, i: u32) -> u32 {
    return min((i + params.padding[d]) / params.stride[d] + 1u, params.out_size[d]);
}

fn divisor(rows: Span, cols: Span) -> f32 {
    if (params.divisor_override > 0u) {
        return f32(params.divisor_override);
    }
    return f32(rows.counts * cols.counts);
}
