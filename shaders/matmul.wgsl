// The operands of a matrix product: output[z, m, n] = Σ_k a[z, m, k]·b[z, k, n] + bias[n]. Both may
// be strided; sizes and strides of batches are innermost first. With `ones`, the last column of b
// is 1 everywhere, and its results, the sums of the rows of a, are stored after the others. The
// interface is in shared/gemm_common.wgsl.
// checked with: shared/gemm_f32, shared/epilogue

override ones: u32 = 0u;

struct Params {
    m: u32,
    n: u32,
    k: u32,
    batches: u32,
    splits: u32,
    chunk: u32,
    a_offset: u32,
    b_offset: u32,
    a_row_step: u32,
    a_col_step: u32,
    b_row_step: u32,
    b_col_step: u32,
    has_bias: u32,
    bias_offset: u32,
    bias_step: u32,
    batch_sizes: vec4<u32>,
    a_batch: vec4<u32>,
    b_batch: vec4<u32>,
}

@group(0) @binding(0) var<storage, read> a: array<Element>;
@group(0) @binding(1) var<storage, read> b: array<Element>;
@group(0) @binding(2) var<storage, read> bias: array<Element>;
@group(0) @binding(3) var<storage, read_write> output: array<Element>;
@group(0) @binding(4) var<uniform> given: Params;
var<private> params: Params;

alias ARow = u32;
alias ADepth = u32;
alias BDepth = u32;
alias BCol = u32;

fn batch_offset(z: u32, steps: vec4<u32>) -> u32 {
    let sizes = params.batch_sizes;
    let y = z / sizes.x;
    let x = y / sizes.y;
    return (z % sizes.x) * steps.x + (y % sizes.y) * steps.y + (x % sizes.z) * steps.z + (x / sizes.z) * steps.w;
}

fn a_row(z: u32, m: u32) -> ARow {
    return params.a_offset + batch_offset(z, params.a_batch) + m * params.a_row_step;
}

fn a_depth(z: u32, k: u32) -> ADepth {
    return k * params.a_col_step;
}

fn a_load(row: ARow, depth: ADepth) -> Element {
    return a[row + depth];
}

// Marks the offset of the column of ones.
const ALL_ONES: u32 = 0xffffffffu;

fn b_col(z: u32, n: u32) -> BCol {
    if (ones == 1u && n + 1u >= params.n) {
        return ALL_ONES;
    }
    return params.b_offset + batch_offset(z, params.b_batch) + n * params.b_col_step;
}

fn b_depth(z: u32, k: u32) -> BDepth {
    return k * params.b_row_step;
}

fn b_load(depth: BDepth, col: BCol) -> Element {
    if (ones == 1u && col == ALL_ONES) {
        return Element(1);
    }
    return b[depth + col];
}

fn a_next(depth: ADepth) -> ADepth {
    return depth + params.a_col_step;
}

fn b_next(depth: BDepth) -> BDepth {
    return depth + params.b_row_step;
}

fn store(z: u32, m: u32, n: u32, value: Element) {
    var sum = value;
    if (params.has_bias == 1u) {
        sum += bias[params.bias_offset + n * params.bias_step];
    }
    if (ones == 1u) {
        let columns = params.n - 1u;
        epilogue(select(m * columns + n, params.m * columns + m, n == columns), sum);
    } else {
        epilogue((z * params.m + m) * params.n + n, sum);
    }
}
