//! Assembles the program that multiplies in a browser.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let source = "src/browser/products.wat";
    println!("cargo:rerun-if-changed={source}");
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let program = wat::parse_file(source).map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("products.wasm"), program)
}
