//! Foundation of the engine: a dedicated worker gets a WebGPU adapter, and a compute shader's
//! numbers are read back.
#![cfg(target_arch = "wasm32")]

use futures_channel::oneshot;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use wgpu::util::DeviceExt as _;

wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// Computes 3n + 1 over more elements than one workgroup has, and not a multiple of it: the bounds
/// check is tested too.
const SHADER: &str = "
@group(0) @binding(0) var<storage, read_write> values: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x < arrayLength(&values)) {
        values[id.x] = 3u * values[id.x] + 1u;
    }
}
";

#[wasm_bindgen_test]
async fn a_compute_shader_runs_in_a_worker() -> Result<(), Box<dyn std::error::Error>> {
    let instance = wgpu::Instance::default();
    let adapter = instance.request_adapter(&wgpu::RequestAdapterOptions::default()).await?;
    assert_eq!(adapter.get_info().backend, wgpu::Backend::BrowserWebGpu);
    let (device, queue) = adapter.request_device(&wgpu::DeviceDescriptor::default()).await?;

    let input: Vec<u32> = (0..1000).collect();
    let bytes = bytemuck::cast_slice(&input);
    let values = device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
        label: Some("values"),
        contents: bytes,
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
    });
    let readback = device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("readback"),
        size: bytes.len() as u64,
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some("3n + 1"),
        layout: None,
        module: &device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("3n + 1"),
            source: wgpu::ShaderSource::Wgsl(SHADER.into()),
        }),
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    });
    let bindings = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &[wgpu::BindGroupEntry { binding: 0, resource: values.as_entire_binding() }],
    });

    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &bindings, &[]);
        pass.dispatch_workgroups(1000_u32.div_ceil(64), 1, 1);
    }
    encoder.copy_buffer_to_buffer(&values, 0, &readback, 0, Some(bytes.len() as u64));
    queue.submit([encoder.finish()]);

    let (sender, mapped) = oneshot::channel();
    readback.map_async(wgpu::MapMode::Read, .., move |result| {
        // The receiver lives until the await below; otherwise the result is unused.
        let _ = sender.send(result);
    });
    mapped.await??;
    let view = readback.get_mapped_range(..)?;
    let output: &[u32] = bytemuck::cast_slice(&view);

    let expected: Vec<u32> = input.iter().map(|n| 3 * n + 1).collect();
    assert_eq!(output, expected);
    Ok(())
}
