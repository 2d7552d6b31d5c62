// What becomes of a kernel's result where nothing goes on with it: element i is stored. Otherwise a function of this
// name is generated that does the pointwise operations that follow, and stores what is wanted.
// joined with: max_pool2d, shared/max_pool2d

// The least length of the buffers that it needs.
fn bound() -> u32 {
    return arrayLength(&output);
}

fn finish(i: u32, value: Output) {
    output[i] = value;
}
