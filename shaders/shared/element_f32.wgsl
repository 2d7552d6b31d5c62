// Kernels over `Element` compute with floats.
alias Element = f32;
