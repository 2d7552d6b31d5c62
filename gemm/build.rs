//! Assembles the WebAssembly program for products in a browser.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let source = "src/browser/products.wat";
    println!("cargo:rerun-if-changed={source}");
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let program = wat::parse_file(source).map_err(io::Error::other)?;
    let bare = without_names(&program).ok_or_else(|| io::Error::other("a program that ends within a section"))?;
    fs::write(Path::new(&out).join("products.wasm"), bare)
}

/// Removes the names of functions and variables, which only readers need: a page is downloaded.
/// They are the program's custom section, number 0; each section's number is followed by its
/// length, seven bits a byte.
fn without_names(program: &[u8]) -> Option<Vec<u8>> {
    let (header, mut rest) = program.split_at_checked(8)?;
    let mut bare = header.to_vec();
    while let Some((number, behind)) = rest.split_first() {
        let bytes = behind.iter().position(|byte| *byte < 0x80)? + 1;
        let len = behind[..bytes].iter().rev().fold(0, |len, byte| len << 7 | usize::from(byte & 0x7f));
        let (section, next) = rest.split_at_checked(1 + bytes + len)?;
        if *number != 0 {
            bare.extend_from_slice(section);
        }
        rest = next;
    }
    Some(bare)
}
