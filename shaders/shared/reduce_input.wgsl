// What is reduced is one tensor.
// joined with: reduce, sum, shared/element_f32, shared/team, shared/finish

@group(0) @binding(1) var<storage, read> input: array<Element>;
@group(0) @binding(2) var<uniform> params: Params;

fn load(o: u32, place: u32) -> Element {
    return input[place];
}
