// A product with a tile of 32 × 4 elements a thread, held in registers, for adapters that are emulated on the CPU and whose
// subgroups have 4 or 8 threads. A load costs these several multiply-adds, checked as it is for each thread. So of the
// elements of A, which neighbouring threads share, each of four loads a quarter and hands it on. Columns of neighbouring
// threads are neighbours; `wide` is at least the size of a subgroup, so that its threads have the same rows.
// joined with: matmul, shared/finish, shared/gemm_f32, shared/gemm_common

override wide: u32 = 8u;
override high: u32 = 8u;

@compute @workgroup_size(wide, high)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let t = task(group, groups, high * 32u, wide * 4u);
    if (!t.exists) {
        return;
    }
    let m = t.row + local.y * 32u;
    let n = t.col + local.x;
    // Rows and columns beyond the edge read the last one; nothing is stored for them.
    let mine = m + local.x % 4u;
    let m_last = params.m - 1u;
    let n_last = params.n - 1u;
    let r0 = a_row(t.batch, min(mine, m_last));
    let r1 = a_row(t.batch, min(mine + 4u, m_last));
    let r2 = a_row(t.batch, min(mine + 8u, m_last));
    let r3 = a_row(t.batch, min(mine + 12u, m_last));
    let r4 = a_row(t.batch, min(mine + 16u, m_last));
    let r5 = a_row(t.batch, min(mine + 20u, m_last));
    let r6 = a_row(t.batch, min(mine + 24u, m_last));
    let r7 = a_row(t.batch, min(mine + 28u, m_last));
    let c0 = b_col(t.batch, min(n, n_last));
    let c1 = b_col(t.batch, min(n + 1u * wide, n_last));
    let c2 = b_col(t.batch, min(n + 2u * wide, n_last));
    let c3 = b_col(t.batch, min(n + 3u * wide, n_last));
    var s0 = vec4<Element>();
    var s1 = vec4<Element>();
    var s2 = vec4<Element>();
    var s3 = vec4<Element>();
    var s4 = vec4<Element>();
    var s5 = vec4<Element>();
    var s6 = vec4<Element>();
    var s7 = vec4<Element>();
    var s8 = vec4<Element>();
    var s9 = vec4<Element>();
    var s10 = vec4<Element>();
    var s11 = vec4<Element>();
    var s12 = vec4<Element>();
    var s13 = vec4<Element>();
    var s14 = vec4<Element>();
    var s15 = vec4<Element>();
    var s16 = vec4<Element>();
    var s17 = vec4<Element>();
    var s18 = vec4<Element>();
    var s19 = vec4<Element>();
    var s20 = vec4<Element>();
    var s21 = vec4<Element>();
    var s22 = vec4<Element>();
    var s23 = vec4<Element>();
    var s24 = vec4<Element>();
    var s25 = vec4<Element>();
    var s26 = vec4<Element>();
    var s27 = vec4<Element>();
    var s28 = vec4<Element>();
    var s29 = vec4<Element>();
    var s30 = vec4<Element>();
    var s31 = vec4<Element>();
    var next_a = a_depth(t.batch, t.first);
    var next_b = b_depth(t.batch, t.first);
    for (var k = t.first; k < t.end; k++) {
        let b = vec4<Element>(b_load(next_b, c0), b_load(next_b, c1), b_load(next_b, c2), b_load(next_b, c3));
        let a0 = a_load(r0, next_a);
        s0 = multiply_add(vec4<Element>(subgroupBroadcast(a0, 0u)), b, s0);
        s1 = multiply_add(vec4<Element>(subgroupBroadcast(a0, 1u)), b, s1);
        s2 = multiply_add(vec4<Element>(subgroupBroadcast(a0, 2u)), b, s2);
        s3 = multiply_add(vec4<Element>(subgroupBroadcast(a0, 3u)), b, s3);
        let a1 = a_load(r1, next_a);
        s4 = multiply_add(vec4<Element>(subgroupBroadcast(a1, 0u)), b, s4);
        s5 = multiply_add(vec4<Element>(subgroupBroadcast(a1, 1u)), b, s5);
        s6 = multiply_add(vec4<Element>(subgroupBroadcast(a1, 2u)), b, s6);
        s7 = multiply_add(vec4<Element>(subgroupBroadcast(a1, 3u)), b, s7);
        let a2 = a_load(r2, next_a);
        s8 = multiply_add(vec4<Element>(subgroupBroadcast(a2, 0u)), b, s8);
        s9 = multiply_add(vec4<Element>(subgroupBroadcast(a2, 1u)), b, s9);
        s10 = multiply_add(vec4<Element>(subgroupBroadcast(a2, 2u)), b, s10);
        s11 = multiply_add(vec4<Element>(subgroupBroadcast(a2, 3u)), b, s11);
        let a3 = a_load(r3, next_a);
        s12 = multiply_add(vec4<Element>(subgroupBroadcast(a3, 0u)), b, s12);
        s13 = multiply_add(vec4<Element>(subgroupBroadcast(a3, 1u)), b, s13);
        s14 = multiply_add(vec4<Element>(subgroupBroadcast(a3, 2u)), b, s14);
        s15 = multiply_add(vec4<Element>(subgroupBroadcast(a3, 3u)), b, s15);
        let a4 = a_load(r4, next_a);
        s16 = multiply_add(vec4<Element>(subgroupBroadcast(a4, 0u)), b, s16);
        s17 = multiply_add(vec4<Element>(subgroupBroadcast(a4, 1u)), b, s17);
        s18 = multiply_add(vec4<Element>(subgroupBroadcast(a4, 2u)), b, s18);
        s19 = multiply_add(vec4<Element>(subgroupBroadcast(a4, 3u)), b, s19);
        let a5 = a_load(r5, next_a);
        s20 = multiply_add(vec4<Element>(subgroupBroadcast(a5, 0u)), b, s20);
        s21 = multiply_add(vec4<Element>(subgroupBroadcast(a5, 1u)), b, s21);
        s22 = multiply_add(vec4<Element>(subgroupBroadcast(a5, 2u)), b, s22);
        s23 = multiply_add(vec4<Element>(subgroupBroadcast(a5, 3u)), b, s23);
        let a6 = a_load(r6, next_a);
        s24 = multiply_add(vec4<Element>(subgroupBroadcast(a6, 0u)), b, s24);
        s25 = multiply_add(vec4<Element>(subgroupBroadcast(a6, 1u)), b, s25);
        s26 = multiply_add(vec4<Element>(subgroupBroadcast(a6, 2u)), b, s26);
        s27 = multiply_add(vec4<Element>(subgroupBroadcast(a6, 3u)), b, s27);
        let a7 = a_load(r7, next_a);
        s28 = multiply_add(vec4<Element>(subgroupBroadcast(a7, 0u)), b, s28);
        s29 = multiply_add(vec4<Element>(subgroupBroadcast(a7, 1u)), b, s29);
        s30 = multiply_add(vec4<Element>(subgroupBroadcast(a7, 2u)), b, s30);
        s31 = multiply_add(vec4<Element>(subgroupBroadcast(a7, 3u)), b, s31);
        next_a = a_next(next_a);
        next_b = b_next(next_b);
    }
    // Through memory, so that what becomes of an element stands here once: written out for each it takes seconds to compile.
    var tile = array<vec4<Element>, 32>(
        s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15, s16, s17, s18, s19, s20, s21,
        s22, s23, s24, s25, s26, s27, s28, s29, s30, s31,
    );
    for (var i = 0u; i < 128u; i++) {
        put(t, m + i / 4u, n + (i % 4u) * wide, tile[i / 4u][i % 4u]);
    }
}
