// Kernels over `Element` compute with integers.
alias Element = i32;
