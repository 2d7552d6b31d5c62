// The second launch of a product with a split depth: sums the parts in order and stores the
// results. Here `a` holds the parts: part s of element (m, n) of batch z at ((s * batches + z) * M
// + m) * N + n. One thread per element.
// checked with: matmul, shared/epilogue, shared/gemm_f32

@compute @workgroup_size(64)
fn parts(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    params = given;
    let i = id.y * (groups.x * 64u) + id.x;
    let count = params.batches * params.m * params.n;
    if (i >= count) {
        return;
    }
    var sum = a[i];
    for (var s = 1u; s < params.splits; s++) {
        sum += a[s * count + i];
    }
    let row = i / params.n;
    store(row / params.m, row % params.m, i % params.n, sum);
}
