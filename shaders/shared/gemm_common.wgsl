// What the kernels of matrix products share. A product computes, for every batch z,
//
//     result[m, n] = Σ_k A[m, k]·B[k, n]
//
// where A, B and the result are whatever the operation says; its file gives
//
//     a: array<Element>           binding 0
//     output: array<Element>      read and write
//     params: Params              begins with m, n, k, batches, splits, chunk
//     ARow, ADepth, BDepth, BCol  types: what is worth computing once for a row, a column or a depth
//     a_row(z, m) a_depth(z, k) a_load(row, depth)
//     b_col(z, n) b_depth(z, k) b_load(depth, col)
//     a_next(depth) b_next(depth)     the depth after one, without the divisions that a_depth and b_depth may take
//     store(z, m, n, value)
//
// and the kernel (gemm_thread, gemm_register, gemm_tile, ...) says how the work is cut. If `splits` is more than 1,
// the depth is cut into chunks whose sums go into `output` as scratch memory, and `parts` adds them up.
// joined with: matmul, shared/finish, shared/gemm_f32

struct Task {
    row: u32,
    col: u32,
    batch: u32,
    split: u32,
    first: u32,
    end: u32,
    exists: bool,
}

// The tile of rows × cols elements that workgroup `group` computes, and over which depths.
fn task(group: vec3<u32>, groups: vec3<u32>, rows: u32, cols: u32) -> Task {
    let down = (params.m + rows - 1u) / rows;
    let across = (params.n + cols - 1u) / cols;
    let tile = group.y * groups.x + group.x;
    let rest = tile / across;
    let z = rest / down;
    let split = z % params.splits;
    let first = split * params.chunk;
    return Task(
        (rest % down) * rows,
        (tile % across) * cols,
        z / params.splits,
        split,
        first,
        min(first + params.chunk, params.k),
        z < params.batches * params.splits,
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
