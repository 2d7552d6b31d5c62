// A product with a tile of 16 × 4 elements a thread, held in registers, for adapters that are emulated on the CPU and whose
// subgroups have 4 or 8 threads. A load costs these several multiply-adds, checked as it is for each thread. So of the
// elements of A, which neighbouring threads share, each of four loads a quarter and hands it on. Two depths at a time,
// for a loop carries every sum over by way of memory. Columns of neighbouring threads are neighbours; `wide` is at least
// the size of a subgroup, so that its threads have the same rows.
// joined with: matmul, shared/finish, shared/gemm_f32, shared/gemm_common

override wide: u32 = 8u;
override high: u32 = 8u;

@compute @workgroup_size(wide, high)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let t = task(group, groups, high * 16u, wide * 4u);
    if (!t.exists) {
        return;
    }
    let m = t.row + local.y * 16u;
    let n = t.col + local.x;
    // Rows and columns beyond the edge read the last one; nothing is stored for them.
    let mine = m + local.x % 4u;
    let m_last = params.m - 1u;
    let n_last = params.n - 1u;
    let r0 = a_row(t.batch, min(mine, m_last));
    let r1 = a_row(t.batch, min(mine + 4u, m_last));
    let r2 = a_row(t.batch, min(mine + 8u, m_last));
    let r3 = a_row(t.batch, min(mine + 12u, m_last));
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
    var next_a = a_depth(t.batch, t.first);
    var next_b = b_depth(t.batch, t.first);
    for (var k = t.first + 1u; k < t.end; k += 2u) {
        let at_a = next_a;
        let at_b = next_b;
        let then_a = a_next(at_a);
        let then_b = b_next(at_b);
        let b = vec4<Element>(b_load(at_b, c0), b_load(at_b, c1), b_load(at_b, c2), b_load(at_b, c3));
        let d = vec4<Element>(b_load(then_b, c0), b_load(then_b, c1), b_load(then_b, c2), b_load(then_b, c3));
        let a0 = a_load(r0, at_a);
        let e0 = a_load(r0, then_a);
        s0 = multiply_add(vec4<Element>(subgroupBroadcast(a0, 0u)), b, s0);
        s0 = multiply_add(vec4<Element>(subgroupBroadcast(e0, 0u)), d, s0);
        s1 = multiply_add(vec4<Element>(subgroupBroadcast(a0, 1u)), b, s1);
        s1 = multiply_add(vec4<Element>(subgroupBroadcast(e0, 1u)), d, s1);
        s2 = multiply_add(vec4<Element>(subgroupBroadcast(a0, 2u)), b, s2);
        s2 = multiply_add(vec4<Element>(subgroupBroadcast(e0, 2u)), d, s2);
        s3 = multiply_add(vec4<Element>(subgroupBroadcast(a0, 3u)), b, s3);
        s3 = multiply_add(vec4<Element>(subgroupBroadcast(e0, 3u)), d, s3);
        let a1 = a_load(r1, at_a);
        let e1 = a_load(r1, then_a);
        s4 = multiply_add(vec4<Element>(subgroupBroadcast(a1, 0u)), b, s4);
        s4 = multiply_add(vec4<Element>(subgroupBroadcast(e1, 0u)), d, s4);
        s5 = multiply_add(vec4<Element>(subgroupBroadcast(a1, 1u)), b, s5);
        s5 = multiply_add(vec4<Element>(subgroupBroadcast(e1, 1u)), d, s5);
        s6 = multiply_add(vec4<Element>(subgroupBroadcast(a1, 2u)), b, s6);
        s6 = multiply_add(vec4<Element>(subgroupBroadcast(e1, 2u)), d, s6);
        s7 = multiply_add(vec4<Element>(subgroupBroadcast(a1, 3u)), b, s7);
        s7 = multiply_add(vec4<Element>(subgroupBroadcast(e1, 3u)), d, s7);
        let a2 = a_load(r2, at_a);
        let e2 = a_load(r2, then_a);
        s8 = multiply_add(vec4<Element>(subgroupBroadcast(a2, 0u)), b, s8);
        s8 = multiply_add(vec4<Element>(subgroupBroadcast(e2, 0u)), d, s8);
        s9 = multiply_add(vec4<Element>(subgroupBroadcast(a2, 1u)), b, s9);
        s9 = multiply_add(vec4<Element>(subgroupBroadcast(e2, 1u)), d, s9);
        s10 = multiply_add(vec4<Element>(subgroupBroadcast(a2, 2u)), b, s10);
        s10 = multiply_add(vec4<Element>(subgroupBroadcast(e2, 2u)), d, s10);
        s11 = multiply_add(vec4<Element>(subgroupBroadcast(a2, 3u)), b, s11);
        s11 = multiply_add(vec4<Element>(subgroupBroadcast(e2, 3u)), d, s11);
        let a3 = a_load(r3, at_a);
        let e3 = a_load(r3, then_a);
        s12 = multiply_add(vec4<Element>(subgroupBroadcast(a3, 0u)), b, s12);
        s12 = multiply_add(vec4<Element>(subgroupBroadcast(e3, 0u)), d, s12);
        s13 = multiply_add(vec4<Element>(subgroupBroadcast(a3, 1u)), b, s13);
        s13 = multiply_add(vec4<Element>(subgroupBroadcast(e3, 1u)), d, s13);
        s14 = multiply_add(vec4<Element>(subgroupBroadcast(a3, 2u)), b, s14);
        s14 = multiply_add(vec4<Element>(subgroupBroadcast(e3, 2u)), d, s14);
        s15 = multiply_add(vec4<Element>(subgroupBroadcast(a3, 3u)), b, s15);
        s15 = multiply_add(vec4<Element>(subgroupBroadcast(e3, 3u)), d, s15);
        next_a = a_next(then_a);
        next_b = b_next(then_b);
    }
    if ((t.end - t.first) % 2u == 1u) {
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
    }
    // Through memory, so that what becomes of an element stands here once: written out for each it takes seconds to compile.
    var tile = array<vec4<Element>, 16>(
        s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15,
    );
    for (var i = 0u; i < 64u; i++) {
        put(t, m + i / 4u, n + (i % 4u) * wide, tile[i / 4u][i % 4u]);
    }
}
