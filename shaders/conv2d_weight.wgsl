// The operands of the gradient of a convolution's weight as a product. For every group, output[o,
// (c, kh, kw)] = Σ over (image, oh, ow) of grad[o, (image, oh, ow)]·patch[(image, oh, ow), (c, kh,
// kw)]. The depth is long and the result small, so it is usually split. Columns beyond those of the
// patch are 1: there is one if the gradient of the bias is requested, the sum of grad, stored last.
// The interface is in shared/gemm_common.wgsl. Negative numbers wrap around and fail the comparison
// with the image's size.
// checked with: shared/gemm_f32, shared/epilogue

override kernel_h: u32 = 3u;
override kernel_w: u32 = 3u;
override stride_h: u32 = 1u;
override stride_w: u32 = 1u;
override dilation_h: u32 = 1u;
override dilation_w: u32 = 1u;
// True if a patch may reach beyond its image.
override padded: u32 = 1u;

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
    channel_step: u32,
    row_step: u32,
    offset: u32,
    grad_image_step: u32,
    grad_filter_step: u32,
    grad_row_step: u32,
    grad_offset: u32,
    columns: u32,
}

// Operands: the gradient and the images.
@group(0) @binding(0) var<storage, read> a: array<Element>;
@group(0) @binding(1) var<storage, read> b: array<Element>;
@group(0) @binding(2) var<storage, read_write> output: array<Element>;
@group(0) @binding(3) var<uniform> given: Params;
var<private> params: Params;

alias ARow = u32;
// Offset of an element of the gradient, and its index in its plane.
struct Gradient {
    offset: u32,
    number: u32,
}

alias ADepth = Gradient;

// A position in a plane, or a tap of the kernel, and its offset in memory; both are added.
struct Pixel {
    offset: u32,
    row: u32,
    col: u32,
    // Value of pixels outside of the image.
    outside: Element,
}

// Row of the columns that are 1 everywhere: below any image.
const ALL_ONES: u32 = 0x40000000u;

alias BDepth = Pixel;
alias BCol = Pixel;

fn a_row(group: u32, o: u32) -> ARow {
    return params.grad_offset + (group * params.filters + o) * params.grad_filter_step;
}

fn a_depth(group: u32, k: u32) -> ADepth {
    let positions = params.out_height * params.out_width;
    return Gradient((k / positions) * params.grad_image_step + k % positions, k % positions);
}

fn a_load(row: ARow, depth: ADepth) -> Element {
    return a[row + depth.offset];
}

fn b_col(group: u32, n: u32) -> BCol {
    let channel = group * params.channels + n / (kernel_h * kernel_w);
    let tap = n % (kernel_h * kernel_w);
    let row = (tap / kernel_w) * dilation_h;
    let col = (tap % kernel_w) * dilation_w;
    if (n >= params.columns) {
        return Pixel(0u, ALL_ONES, 0u, Element(1));
    }
    return Pixel(params.offset + channel * params.channel_step + row * params.row_step + col, row, col, Element(0));
}

fn b_depth(group: u32, k: u32) -> BDepth {
    let positions = params.out_height * params.out_width;
    let position = k % positions;
    let row = (position / params.out_width) * stride_h - params.before_h;
    let col = (position % params.out_width) * stride_w - params.before_w;
    return Pixel((k / positions) * params.image_step + row * params.row_step + col, row, col, Element(0));
}

fn b_load(depth: BDepth, col: BCol) -> Element {
    if (padded == 0u) {
        return select(b[depth.offset + col.offset], col.outside, col.row == ALL_ONES);
    }
    var value = col.outside;
    if (depth.row + col.row < params.height && depth.col + col.col < params.width) {
        value = b[depth.offset + col.offset];
    }
    return value;
}

fn a_next(depth: ADepth) -> ADepth {
    let positions = params.out_height * params.out_width;
    let ends = depth.number + 1u == positions;
    let offset = depth.offset + 1u + select(0u, params.grad_image_step - positions, ends);
    return Gradient(offset, select(depth.number + 1u, 0u, ends));
}

// The next position of the row, else the first of the next row, else that of the next image.
fn b_next(depth: BDepth) -> BDepth {
    let right = depth.col + stride_w;
    let row_ends = right == params.out_width * stride_w - params.before_w;
    let col = select(right, 0u - params.before_w, row_ends);
    let down = depth.row + select(0u, stride_h, row_ends);
    let image_ends = down == params.out_height * stride_h - params.before_h;
    let row = select(down, 0u - params.before_h, image_ends);
    let image = depth.offset - depth.row * params.row_step - depth.col + select(0u, params.image_step, image_ends);
    return Pixel(image + row * params.row_step + col, row, col, depth.outside);
}

fn store(group: u32, m: u32, n: u32, value: Element) {
    let o = group * params.filters + m;
    if (n >= params.columns) {
        epilogue(params.batches * params.filters * params.columns + o, value);
    } else {
        epilogue(o * params.columns + n, value);
    }
}
