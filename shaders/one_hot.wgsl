// output[e, c] = 1 if input[e] is c, else 0. One thread per element of the output.
// uses: shared/fault

struct Params {
    count: u32,
    classes: u32,
    offset: u32,
    site: u32,
}

@group(0) @binding(0) var<storage, read> input: array<i32>;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;
@group(0) @binding(2) var<storage, read_write> faults: array<atomic<u32>>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let t = id.y * (groups.x * 64u) + id.x;
    if (t >= params.count) {
        return;
    }
    let wanted = input[params.offset + t / params.classes];
    if (wanted < 0 || u32(wanted) >= params.classes) {
        report_fault(params.site, wanted);
    }
    output[t] = select(0u, 1u, u32(wanted) == t % params.classes);
}
