// A product with one thread per element: for results so small that tiles would be mostly empty.
// uses: shared/gemm_common
// checked with: matmul, shared/epilogue, shared/gemm_f32

override wide: u32 = 8u;
override high: u32 = 8u;

@compute @workgroup_size(wide, high)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let t = task(group, groups, high, wide);
    let m = t.row + local.y;
    let n = t.col + local.x;
    if (!t.exists || m >= params.m || n >= params.n) {
        return;
    }
    let row = a_row(t.batch, m);
    let col = b_col(t.batch, n);
    var sum = Element(0);
    for (var k = t.first; k < t.end; k++) {
        sum += a_load(row, a_depth(t.batch, k)) * b_load(b_depth(t.batch, k), col);
    }
    put(t, m, n, sum);
}
