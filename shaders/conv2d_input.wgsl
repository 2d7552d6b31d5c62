// The operands of the gradient of a convolution's input as a product. For every group, output[c,
// (image, h, w)] = Σ over (o, kh, kw) of weight[o, c, kh, kw]·grad[image, o, oh, ow]. (oh, ow) is
// the position whose tap (kh, kw) reads the pixel (h, w), if there is one. The interface is in
// shared/gemm_common.wgsl. Negative numbers wrap around and fail the comparison with the gradient's
// size.
// checked with: shared/gemm_f32, shared/epilogue

override kernel_h: u32 = 3u;
override kernel_w: u32 = 3u;
override stride_h: u32 = 1u;
override stride_w: u32 = 1u;
override dilation_h: u32 = 1u;
override dilation_w: u32 = 1u;

struct Params {
    m: u32,
    n: u32,
    k: u32,
    batches: u32,
    splits: u32,
    chunk: u32,
    channels: u32,
    filters: u32,
    height: u32,
    width: u32,
    out_height: u32,
    out_width: u32,
    before_h: u32,
    before_w: u32,
    image_step: u32,
    filter_step: u32,
    row_step: u32,
    offset: u32,
    weight_offset: u32,
}

// Operands: the weight and the gradient.
@group(0) @binding(0) var<storage, read> a: array<Element>;
@group(0) @binding(1) var<storage, read> b: array<Element>;
@group(0) @binding(2) var<storage, read_write> output: array<Element>;
@group(0) @binding(3) var<uniform> given: Params;
var<private> params: Params;

alias ARow = u32;
// Offset of an element of the weight, and its tap in the filter.
struct Weight {
    offset: u32,
    tap: u32,
}

alias ADepth = Weight;

// A pixel, or a tap of the kernel, and the start of its plane.
struct Pixel {
    plane: u32,
    row: u32,
    col: u32,
}

alias BDepth = Pixel;
alias BCol = Pixel;

fn a_row(group: u32, c: u32) -> ARow {
    let taps = kernel_h * kernel_w;
    return params.weight_offset + (group * params.filters * params.channels + c) * taps;
}

fn a_depth(group: u32, k: u32) -> ADepth {
    let taps = kernel_h * kernel_w;
    return Weight((k / taps) * params.channels * taps + k % taps, k % taps);
}

fn a_load(row: ARow, depth: ADepth) -> Element {
    return a[row + depth.offset];
}

fn b_col(group: u32, n: u32) -> BCol {
    let pixels = params.height * params.width;
    let image = n / pixels;
    let pixel = n % pixels;
    let start = params.offset + image * params.image_step + group * params.filters * params.filter_step;
    return Pixel(start, pixel / params.width + params.before_h, pixel % params.width + params.before_w);
}

fn b_depth(group: u32, k: u32) -> BDepth {
    let filter_number = k / (kernel_h * kernel_w);
    let tap = k % (kernel_h * kernel_w);
    return Pixel(filter_number * params.filter_step, (tap / kernel_w) * dilation_h, (tap % kernel_w) * dilation_w);
}

fn b_load(depth: BDepth, col: BCol) -> Element {
    let down = col.row - depth.row;
    let right = col.col - depth.col;
    let row = down / stride_h;
    let position = right / stride_w;
    let whole = (row * stride_h == down) & (position * stride_w == right);
    let hit = whole & (row < params.out_height) & (position < params.out_width);
    // Without branches: expanded for every element of a tile they take SwiftShader seconds to
    // compile.
    return select(Element(0), b[select(0u, depth.plane + col.plane + row * params.row_step + position, hit)], hit);
}

fn a_next(depth: ADepth) -> ADepth {
    let taps = kernel_h * kernel_w;
    let ends = depth.tap + 1u == taps;
    let offset = depth.offset + 1u + select(0u, (params.channels - 1u) * taps, ends);
    return Weight(offset, select(depth.tap + 1u, 0u, ends));
}

// The next tap of the row, else the first of the next row, else that of the next filter.
fn b_next(depth: BDepth) -> BDepth {
    let right = depth.col + dilation_w;
    let row_ends = right == kernel_w * dilation_w;
    let down = depth.row + select(0u, dilation_h, row_ends);
    let filter_ends = down == kernel_h * dilation_h;
    let plane = depth.plane + select(0u, params.filter_step, filter_ends);
    return Pixel(plane, select(down, 0u, filter_ends), select(right, 0u, row_ends));
}

fn store(group: u32, m: u32, n: u32, value: Element) {
    let pixels = params.height * params.width;
    let c = group * params.channels + m;
    epilogue(((n / pixels) * params.batches * params.channels + c) * pixels + n % pixels, value);
}
