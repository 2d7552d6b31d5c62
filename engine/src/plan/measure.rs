//! Time measurement of a program on a GPU: it runs on its own memory, after everything else, until
//! it completes.

use std::rc::Rc;

use crate::device::gpu::{Access, Dispatch, Gpu, GpuBuffer, Window};
use crate::tensor::{Bind, Param, Program};
use crate::{Error, Result};

/// Measures the fastest of `runs` runs of a program, in milliseconds, after a first run that
/// compiles it. `operands` and `output` are the words of its buffers, whose contents are
/// unspecified; `now` returns milliseconds. In a browser only the future waits.
///
/// # Errors
/// A kernel that the GPU cannot run.
pub(crate) async fn milliseconds(
    gpu: &Gpu,
    program: &Program,
    operands: &[usize],
    output: usize,
    runs: usize,
    now: &dyn Fn() -> f64,
) -> Result<f64> {
    let buffers: Vec<Rc<GpuBuffer>> = operands.iter().map(|words| gpu.alloc(words * 4)).collect();
    let scratch: Vec<Rc<GpuBuffer>> = program.scratch.iter().map(|words| gpu.alloc(words * 4)).collect();
    let output = gpu.alloc(output * 4);
    let mut launches = Vec::with_capacity(program.launches.len());
    for launch in &program.launches {
        let mut words: Vec<u32> = Vec::with_capacity(launch.params.len());
        for param in &launch.params {
            match param {
                Param::Word(word) => words.push(*word),
                _ => return Err(Error::internal("only programs of constants are measured")),
            }
        }
        words.resize(words.len().max(1).next_multiple_of(4), 0);
        let params = gpu.alloc_params(words.len() * 4);
        gpu.write(&params, &words);
        let mut access = Vec::with_capacity(launch.bindings.len() + 1);
        let mut bound: Vec<(&Rc<GpuBuffer>, Option<Window>)> = Vec::with_capacity(launch.bindings.len() + 1);
        for bind in &launch.bindings {
            let (buffer, mode) = match bind {
                Bind::Operand(i) => (&buffers[*i], Access::Read),
                Bind::Output => (&output, Access::Write),
                Bind::Scratch(i) => (&scratch[*i], Access::Write),
                Bind::ScratchRead(i) => (&scratch[*i], Access::Read),
                Bind::Faults => (gpu.fault_buffer(), Access::Write),
            };
            bound.push((buffer, None));
            access.push(mode);
        }
        bound.push((&params, Some(Window { first: 0, words: words.len() })));
        access.push(Access::Uniform);
        let pipeline = gpu.pipeline(&launch.source, &access);
        let bind_group = gpu.bind(&pipeline, &bound);
        launches.push((pipeline, bind_group, launch.groups));
    }
    let mut best = f64::INFINITY;
    for run in 0..=runs {
        let start = now();
        gpu.encode(launches.iter().map(|(pipeline, bind_group, groups)| Dispatch {
            pipeline,
            bind_group,
            groups: *groups,
        }));
        gpu.read(&[(output.clone(), 1)]).await?;
        if run > 0 {
            best = best.min(now() - start);
        }
    }
    Ok(best)
}
