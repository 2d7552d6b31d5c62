// A product with a tile of 8 × 8 elements per thread, held in registers, and no workgroup memory.
// For adapters emulated on the CPU, whose workgroup memory is ordinary memory with barriers on top.
// Accumulators are variables, since an indexed array would be in memory. Columns of neighboring
// threads are neighbors.
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
    let t = task(group, groups, high * 8u, wide * 8u);
    let m = t.row + local.y * 8u;
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
    let r4 = a_row(t.batch, min(m + 4u, m_last));
    let r5 = a_row(t.batch, min(m + 5u, m_last));
    let r6 = a_row(t.batch, min(m + 6u, m_last));
    let r7 = a_row(t.batch, min(m + 7u, m_last));
    let c0 = b_col(t.batch, n);
    let c1 = b_col(t.batch, min(n + 1u * wide, n_last));
    let c2 = b_col(t.batch, min(n + 2u * wide, n_last));
    let c3 = b_col(t.batch, min(n + 3u * wide, n_last));
    let c4 = b_col(t.batch, min(n + 4u * wide, n_last));
    let c5 = b_col(t.batch, min(n + 5u * wide, n_last));
    let c6 = b_col(t.batch, min(n + 6u * wide, n_last));
    let c7 = b_col(t.batch, min(n + 7u * wide, n_last));
    var u0 = vec4<Element>(); var v0 = vec4<Element>();
    var u1 = vec4<Element>(); var v1 = vec4<Element>();
    var u2 = vec4<Element>(); var v2 = vec4<Element>();
    var u3 = vec4<Element>(); var v3 = vec4<Element>();
    var u4 = vec4<Element>(); var v4 = vec4<Element>();
    var u5 = vec4<Element>(); var v5 = vec4<Element>();
    var u6 = vec4<Element>(); var v6 = vec4<Element>();
    var u7 = vec4<Element>(); var v7 = vec4<Element>();
    var next_a = a_depth(t.batch, t.first);
    var next_b = b_depth(t.batch, t.first);
    for (var k = t.first; k < t.end; k++) {
        let at_a = next_a;
        let at_b = next_b;
        let bu = vec4<Element>(b_load(at_b, c0), b_load(at_b, c1), b_load(at_b, c2), b_load(at_b, c3));
        let bv = vec4<Element>(b_load(at_b, c4), b_load(at_b, c5), b_load(at_b, c6), b_load(at_b, c7));
        let a0 = vec4<Element>(a_load(r0, at_a));
        u0 = multiply_add(a0, bu, u0);
        v0 = multiply_add(a0, bv, v0);
        let a1 = vec4<Element>(a_load(r1, at_a));
        u1 = multiply_add(a1, bu, u1);
        v1 = multiply_add(a1, bv, v1);
        let a2 = vec4<Element>(a_load(r2, at_a));
        u2 = multiply_add(a2, bu, u2);
        v2 = multiply_add(a2, bv, v2);
        let a3 = vec4<Element>(a_load(r3, at_a));
        u3 = multiply_add(a3, bu, u3);
        v3 = multiply_add(a3, bv, v3);
        let a4 = vec4<Element>(a_load(r4, at_a));
        u4 = multiply_add(a4, bu, u4);
        v4 = multiply_add(a4, bv, v4);
        let a5 = vec4<Element>(a_load(r5, at_a));
        u5 = multiply_add(a5, bu, u5);
        v5 = multiply_add(a5, bv, v5);
        let a6 = vec4<Element>(a_load(r6, at_a));
        u6 = multiply_add(a6, bu, u6);
        v6 = multiply_add(a6, bv, v6);
        let a7 = vec4<Element>(a_load(r7, at_a));
        u7 = multiply_add(a7, bu, u7);
        v7 = multiply_add(a7, bv, v7);
        next_a = a_next(at_a);
        next_b = b_next(at_b);
    }
    // Through memory, so that the epilogue is compiled here once: expanded for each element it
    // takes seconds.
    var tile = array<vec4<Element>, 16>(
        u0, v0, u1, v1, u2, v2, u3, v3, u4, v4, u5, v5, u6, v6, u7, v7,
    );
    for (var i = 0u; i < 64u; i++) {
        put(t, m + (i >> 3u), n + (i & 7u) * wide, tile[i >> 2u][i & 3u]);
    }
}
