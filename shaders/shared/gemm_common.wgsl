// What the kernels of matrix products share. A product computes, for every batch z,
//
//     result[m, n] = Σ_k A[m, k]·B[k, n]
//
// where A, B and the result are whatever the operation says; its file gives
//
//     a: array<Element>           binding 0
//     b: array<Element>           binding 1
//     output: array<Element>      read and write
//     given: Params               the uniform; begins with m, n, k, batches, splits, chunk
//     params: Params              the same in private memory: an entry point copies it before all else, for SwiftShader
//                                 checks each load of a uniform as it checks any other
//     ARow, ADepth, BDepth, BCol  types: what is worth computing once for a row, a column or a depth
//     a_row(z, m) a_depth(z, k) a_load(row, depth)
//     b_col(z, n) b_depth(z, k) b_load(depth, col)
//     a_next(depth) b_next(depth)     the depth after one, without the divisions that a_depth and b_depth may take
//     store(z, m, n, value)
//
// and the kernel (gemm_thread, gemm_register, gemm_tile, ...) says how the work is cut. If `splits`
// is more than 1, the depth is cut into chunks whose sums go into `output` as scratch memory, and
// `parts` adds them up.
// checked with: matmul, shared/epilogue, shared/gemm_f32

struct Task {
    row: u32,
    col: u32,
    batch: u32,
    split: u32,
    first: u32,
    end: u32,
    exists: bool,
}

// The tile of rows × cols elements that workgroup `group` computes, and its depths: of uniforms
// alone, so that the compiler sees uniform control flow.
fn task(group: vec3<u32>, groups: vec3<u32>, rows: u32, cols: u32) -> Task {
    params = given;
    let down = (given.m + rows - 1u) / rows;
    let across = (given.n + cols - 1u) / cols;
    let tile = group.y * groups.x + group.x;
    let rest = tile / across;
    let z = rest / down;
    let split = z % given.splits;
    let first = split * given.chunk;
    // Computed here, the lengths are known in the following loops: SwiftShader divides to find a
    // length and checks every load by it, now once instead of in each iteration.
    let filled = min(min(arrayLength(&a), arrayLength(&b)), bound()) > 0u;
    return Task(
        (rest % down) * rows,
        (tile % across) * cols,
        z / given.splits,
        split,
        first,
        min(first + given.chunk, given.k),
        filled & (z < given.batches * given.splits),
    );
}

fn put(t: Task, m: u32, n: u32, value: Element) {
    if (m >= params.m || n >= params.n) {
        return;
    }
    if (params.splits > 1u) {
        output[((t.split * params.batches + t.batch) * params.m + m) * params.n + n] = value;
    } else {
        store(t.batch, m, n, value);
    }
}
