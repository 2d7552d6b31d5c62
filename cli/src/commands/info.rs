//! `kindling info`: devices of the machine, with their limits and measured throughput.

use std::collections::BTreeMap;

use clap::Args;
use kindling::device::AdapterKind;
use kindling::tuning::{choices, recall};
use kindling::{Device, Result, block_on};
use serde_json::json;

use super::roofline::{Roofline, measure};
use crate::output;

/// Show the devices of this machine, their limits and their measured throughput.
#[derive(Args)]
pub struct Info {
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// Prints the devices; a missing GPU is no error.
pub fn run(info: &Info) -> Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let gpu = block_on(Device::gpu());
    let of_cpu = measure(&Device::cpu())?;
    let of_gpu = gpu.as_ref().ok().map(measure).transpose()?;
    // Kernels measured by earlier runs.
    let choices = match &gpu {
        Ok(device) => {
            recall(device)?;
            choices(device).classes
        }
        Err(_) => BTreeMap::new(),
    };
    if info.json {
        let gpu = match &gpu {
            Ok(Device::Gpu(gpu)) => {
                let limits = gpu.limits();
                json!({
                    "name": gpu.name(), "backend": gpu.backend(), "kind": kind(gpu.kind()),
                    "max_buffer_size": limits.max_buffer_size,
                    "max_storage_buffer_binding_size": limits.max_storage_buffer_binding_size,
                    "max_storage_buffers_per_shader_stage": limits.max_storage_buffers_per_shader_stage,
                    "max_compute_invocations_per_workgroup": limits.max_compute_invocations_per_workgroup,
                    "max_compute_workgroup_storage_size": limits.max_compute_workgroup_storage_size,
                    "measured": of_gpu.as_ref().map(measurements),
                    "kernels": choices,
                })
            }
            Ok(_) => json!(null),
            Err(error) => json!({ "error": error.to_string() }),
        };
        return output::object(
            &json!({ "version": env!("CARGO_PKG_VERSION"), "cpu": { "cores": cores, "measured": measurements(&of_cpu) }, "gpu": gpu }),
        );
    }
    output::line(format!("kindling {}", env!("CARGO_PKG_VERSION")))?;
    output::line(format!("cpu      {cores} cores"))?;
    output::line(reached(&of_cpu))?;
    match gpu {
        Ok(Device::Gpu(gpu)) => {
            let limits = gpu.limits();
            output::line(format!("gpu      {} through {} ({})", gpu.name(), gpu.backend(), kind(gpu.kind())))?;
            output::line(format!(
                "         buffers up to {} MiB, bindings up to {} MiB, {} storage buffers a kernel",
                limits.max_buffer_size >> 20,
                limits.max_storage_buffer_binding_size >> 20,
                limits.max_storage_buffers_per_shader_stage
            ))?;
            output::line(format!(
                "         {} threads and {} KiB of shared memory a workgroup",
                limits.max_compute_invocations_per_workgroup,
                limits.max_compute_workgroup_storage_size >> 10
            ))?;
            if let Some(of_gpu) = &of_gpu {
                output::line(reached(of_gpu))?;
            }
            for (class, choice) in &choices {
                output::line(format!("         {class}: {:?}", choice.variant))?;
            }
            let choice = if gpu.kind() == AdapterKind::Software {
                "cpu: a GPU that is emulated on the CPU is slower than the CPU itself"
            } else {
                "gpu"
            };
            output::line(format!("--device auto means {choice}"))
        }
        Ok(_) => Ok(()),
        Err(error) => {
            output::line(format!("gpu      none: {error}"))?;
            output::line("--device auto means cpu")
        }
    }
}

/// Returns the measurements as JSON.
fn measurements(roofline: &Roofline) -> serde_json::Value {
    json!({ "gflops": roofline.gflops, "gbytes_per_second": roofline.gbytes })
}

/// Returns the measurements as text.
fn reached(Roofline { gflops, gbytes }: &Roofline) -> String {
    format!("         measured: {gflops:.1} GFLOP/s in a product of 1024×1024, {gbytes:.1} GB/s in a pass over 64 MB")
}

fn kind(kind: AdapterKind) -> &'static str {
    match kind {
        AdapterKind::Hardware => "hardware",
        AdapterKind::Software => "software",
        AdapterKind::Unknown => "unknown",
    }
}
