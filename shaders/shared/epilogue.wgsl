// The epilogue of a kernel without fused operations: element i is stored. Otherwise a function of
// this name is generated, which computes the pointwise operations that follow and stores their
// results.
// checked with: max_pool2d

// The smallest length of the buffers it writes.
fn bound() -> u32 {
    return arrayLength(&output);
}

fn epilogue(i: u32, value: Output) {
    output[i] = value;
}
