//! Tensors: creation, shapes, broadcasting, views and devices.
//!
//! `cargo run -p kindling --example 01_tensors`

use kindling::{DType, Device, Result, Tensor, manual_seed};

fn main() -> Result<()> {
    run(&Device::cpu())
}

/// Runs the example on a device.
pub fn run(device: &Device) -> Result<()> {
    // A tensor has a shape, an element type and a device. Every operation returns a `Result`.
    let x = Tensor::from_nested(&[[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0]], device)?;
    println!("x = {x}\n    shape {:?}, {}, on {}\n", x.dims(), x.dtype(), x.device());

    // Tensors of numbers, of a sequence, and of random numbers that a seed repeats.
    println!("ones   = {}", Tensor::ones([3], device)?);
    println!("arange = {}", Tensor::arange(0.0, 10.0, 2.5, device)?);
    manual_seed(0);
    println!("randn  = {}\n", Tensor::randn([3], device)?);

    // Arithmetic is element by element. Sizes of 1 and missing dimensions are broadcast: here a
    // row of three to both rows of x.
    let row = Tensor::from_nested(&[10.0_f32, 20.0, 30.0], device)?;
    println!("x + row = {}", x.add(&row)?);

    // A product of matrices needs matching inner sizes; an error names operation, rule and shapes.
    println!("x @ xᵀ = {}", x.matmul(&x.t()?)?);
    if let Err(error) = x.matmul(&x) {
        println!("x @ x: {error}\n");
    }

    // A reduction folds a dimension: -1 is the last. `keepdim` leaves a size of 1, to broadcast.
    println!("sum of each row = {}", x.sum_dim(&[-1], false)?);
    println!("x − row mean = {}\n", x.sub(&x.mean_dim(&[-1], true)?)?);

    // Indexing, `t` and `reshape` return views: they share memory, so a change shows in both.
    let last_column = x.i((.., -1))?;
    last_column.fill_(0.0)?;
    println!("x without its last column = {x}");
    println!("as a column = {:?}\n", x.reshape(&[-1, 1])?.dims());

    // Comparisons give bools, which `to_dtype` converts; reads copy the elements to a `Vec`.
    let large = x.gt_scalar(1.5)?;
    println!("elements above 1.5: {}", large.sum()?.blocking_item()?);
    println!("as integers: {:?}", x.to_dtype(DType::I32)?.blocking_to_vec::<i32>()?);
    Ok(())
}
