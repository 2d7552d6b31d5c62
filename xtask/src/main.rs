//! `cargo xtask serve | test`: set-up and chores.
fn main() {}
