// The operands of a convolution as a product. For every group, output[o, (image, oh, ow)] = Σ over
// (c, kh, kw) of weight[o, (c, kh, kw)]·patch[(c, kh, kw), (image, oh, ow)] + bias[o]. Patches are
// read from the images on the fly. The interface is in shared/gemm_common.wgsl. Negative numbers
// wrap around and fail the comparison with the image's size.
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
    weight_offset: u32,
    has_bias: u32,
    bias_offset: u32,
}

// Operands: the weight and the images.
@group(0) @binding(0) var<storage, read> a: array<Element>;
@group(0) @binding(1) var<storage, read> b: array<Element>;
@group(0) @binding(2) var<storage, read> bias: array<Element>;
@group(0) @binding(3) var<storage, read_write> output: array<Element>;
@group(0) @binding(4) var<uniform> given: Params;
var<private> params: Params;

alias ARow = u32;
alias ADepth = u32;

// A position in a plane, or a tap of the kernel, and its offset in memory; both are added.
struct Pixel {
    offset: u32,
    row: u32,
    col: u32,
}

alias BDepth = Pixel;
alias BCol = Pixel;

fn a_row(group: u32, o: u32) -> ARow {
    return params.weight_offset + (group * params.filters + o) * params.k;
}

fn a_depth(group: u32, k: u32) -> ADepth {
    return k;
}

fn a_load(row: ARow, depth: ADepth) -> Element {
    return a[row + depth];
}

fn b_col(group: u32, n: u32) -> BCol {
    let positions = params.out_height * params.out_width;
    let image = n / positions;
    let position = n % positions;
    let row = (position / params.out_width) * stride_h - params.before_h;
    let col = (position % params.out_width) * stride_w - params.before_w;
    let start = params.offset + image * params.image_step + group * params.channels * params.channel_step;
    return Pixel(start + row * params.row_step + col, row, col);
}

fn b_depth(group: u32, k: u32) -> BDepth {
    let channel = k / (kernel_h * kernel_w);
    let tap = k % (kernel_h * kernel_w);
    let row = (tap / kernel_w) * dilation_h;
    let col = (tap % kernel_w) * dilation_w;
    return Pixel(channel * params.channel_step + row * params.row_step + col, row, col);
}

fn b_load(depth: BDepth, col: BCol) -> Element {
    if (padded == 0u) {
        return b[depth.offset + col.offset];
    }
    var value = Element(0);
    if (depth.row + col.row < params.height && depth.col + col.col < params.width) {
        value = b[depth.offset + col.offset];
    }
    return value;
}

fn a_next(depth: ADepth) -> ADepth {
    return depth + 1u;
}

// The next tap of the row, else the first of the next row, else that of the next channel.
fn b_next(depth: BDepth) -> BDepth {
    let right = depth.col + dilation_w;
    let row_ends = right == kernel_w * dilation_w;
    let col = select(right, 0u, row_ends);
    let down = depth.row + select(0u, dilation_h, row_ends);
    let channel_ends = down == kernel_h * dilation_h;
    let row = select(down, 0u, channel_ends);
    let channel = depth.offset - depth.row * params.row_step - depth.col + select(0u, params.channel_step, channel_ends);
    return Pixel(channel + row * params.row_step + col, row, col);
}

fn store(group: u32, m: u32, n: u32, value: Element) {
    let positions = params.out_height * params.out_width;
    let o = group * params.filters + m;
    var sum = value;
    if (params.has_bias == 1u) {
        sum += bias[params.bias_offset + o];
    }
    epilogue(((n / positions) * params.batches * params.filters + o) * positions + n % positions, sum);
}
