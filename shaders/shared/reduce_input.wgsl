// Reduction of a single tensor.
// uses: reduce
// checked with: sum, shared/element_f32, shared/epilogue

@group(0) @binding(1) var<storage, read> input: array<Element>;
@group(0) @binding(2) var<uniform> params: Params;

fn load(o: u32, offset: u32) -> Element {
    return input[offset];
}
