// A product with a tile of 4 × 4 elements per thread, held in registers, and no workgroup memory.
// For adapters emulated on the CPU, whose workgroup memory is ordinary memory with barriers on top.
// Accumulators are variables, since an indexed array would be in memory. Columns of neighboring
// threads are neighbors.
// uses: shared/gemm_common
// checked with: matmul, shared/epilogue, shared/gemm_f32

override wide: u32 = 8u;
override high: u32 = 8u;

fn put_row(t: Task, m: u32, n: u32, u: vec4<Element>) {
    put(t, m, n + 0u * wide, u.x);
    put(t, m, n + 1u * wide, u.y);
    put(t, m, n + 2u * wide, u.z);
    put(t, m, n + 3u * wide, u.w);
}

@compute @workgroup_size(wide, high)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let t = task(group, groups, high * 4u, wide * 4u);
    let m = t.row + local.y * 4u;
    let n = t.col + local.x;
    if (!t.exists || m >= params.m || n >= params.n) {
        return;
    }
    // Rows and columns beyond the edge read the last one; nothing is stored for them.
    let m_last = params.m - 1u;
    let n_last = params.n - 1u;
    let r0 = a_row(t.batch, m);
    let r1 = a_row(t.batch, min(m + 1u, m_last));
    let r2 = a_row(t.batch, min(m + 2u, m_last));
    let r3 = a_row(t.batch, min(m + 3u, m_last));
    let c0 = b_col(t.batch, n);
    let c1 = b_col(t.batch, min(n + 1u * wide, n_last));
    let c2 = b_col(t.batch, min(n + 2u * wide, n_last));
    let c3 = b_col(t.batch, min(n + 3u * wide, n_last));
    var u0 = vec4<Element>();
    var u1 = vec4<Element>();
    var u2 = vec4<Element>();
    var u3 = vec4<Element>();
    var next_a = a_depth(t.batch, t.first);
    var next_b = b_depth(t.batch, t.first);
    for (var k = t.first; k < t.end; k++) {
        let at_a = next_a;
        let at_b = next_b;
        let bu = vec4<Element>(b_load(at_b, c0), b_load(at_b, c1), b_load(at_b, c2), b_load(at_b, c3));
        let a0 = vec4<Element>(a_load(r0, at_a));
        u0 = multiply_add(a0, bu, u0);
        let a1 = vec4<Element>(a_load(r1, at_a));
        u1 = multiply_add(a1, bu, u1);
        let a2 = vec4<Element>(a_load(r2, at_a));
        u2 = multiply_add(a2, bu, u2);
        let a3 = vec4<Element>(a_load(r3, at_a));
        u3 = multiply_add(a3, bu, u3);
        next_a = a_next(at_a);
        next_b = b_next(at_b);
    }
    put_row(t, m + 0u, n, u0);
    put_row(t, m + 1u, n, u1);
    put_row(t, m + 2u, n, u2);
    put_row(t, m + 3u, n, u3);
}
