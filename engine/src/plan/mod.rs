//! Planning and execution. Operations are recorded as they are called. A read, or the end of an
//! optimizer's step, takes everything recorded so far, fuses pointwise chains, assigns memory and
//! runs it. The plan of a structure is made once and cached by its key. The layer knows the
//! contract of operations, none by name.

mod call;
mod codegen;
mod concat;
mod cpu;
mod gpu;
mod graph;
mod launches;
mod measure;
mod memory;
mod read;
mod schedule;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

pub(crate) use measure::milliseconds;
#[cfg(not(target_arch = "wasm32"))]
pub use read::block_on;
pub use read::read_many;

use crate::device::{DType, Device, count};
use crate::tensor::{State, Tensor, Value};
use crate::{Error, Result};
use graph::Graph;
use schedule::Schedule;

/// Maximum number of plans cached per device; the least recently used is evicted.
const MAX_PLANS: usize = 128;

/// Maximum length of a recording; longer ones run without waiting for a read, so that a program
/// which never reads has a bounded graph.
const MAX_RECORDING_LEN: usize = 8192;

/// Recording and cached plans of a device.
#[derive(Default)]
struct Recorder {
    recorded: RefCell<Vec<Weak<Value>>>,
    plans: RefCell<HashMap<Vec<u64>, Rc<Plan>>>,
    clock: Cell<u64>,
    /// The number 1, by type: the first gradient of every backward pass.
    ones: RefCell<HashMap<DType, Rc<Value>>>,
}

/// Execution of recordings of one structure.
struct Plan {
    schedule: Schedule,
    device: DevicePlan,
    used: Cell<u64>,
}

/// Device-specific part of a plan.
enum DevicePlan {
    Cpu(cpu::CpuPlan),
    Gpu(gpu::GpuPlan),
}

impl Recorder {
    fn of(device: &Device) -> Result<Rc<Self>> {
        device.attached(Self::default)
    }

    fn push(&self, value: &Rc<Value>) -> usize {
        let mut recorded = self.recorded.borrow_mut();
        recorded.push(Rc::downgrade(value));
        recorded.len()
    }

    /// Returns the plan for a graph, and `true` if it was made now.
    fn plan(&self, graph: &Graph, device: &Device) -> Result<Rc<Plan>> {
        self.clock.set(self.clock.get() + 1);
        if let Some(plan) = self.plans.borrow().get(&graph.key) {
            plan.used.set(self.clock.get());
            count(&device.counts().plan_hits, 1);
            return Ok(plan.clone());
        }
        count(&device.counts().plans_created, 1);
        let schedule = Schedule::new(graph, device);
        let of_device = match device {
            Device::Gpu(gpu) => DevicePlan::Gpu(gpu::GpuPlan::new(graph, &schedule, gpu, device)?),
            Device::Cpu(_) => DevicePlan::Cpu(cpu::CpuPlan::new(graph, &schedule)),
        };
        let plan = Rc::new(Plan { schedule, device: of_device, used: Cell::new(self.clock.get()) });
        let mut plans = self.plans.borrow_mut();
        if plans.len() >= MAX_PLANS {
            let oldest = plans.iter().min_by_key(|(_, plan)| plan.used.get()).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                plans.remove(&oldest);
            }
        }
        plans.insert(graph.key.clone(), plan.clone());
        Ok(plan)
    }
}

/// Returns a tensor of one element that is 1, made by `make` the first time; `like` is such a
/// tensor.
///
/// # Errors
/// The device cannot compute.
pub(crate) fn one(like: &Tensor, make: impl FnOnce() -> Result<Tensor>) -> Result<Tensor> {
    let recorder = Recorder::of(&like.device())?;
    let kept = recorder.ones.borrow().get(&like.dtype()).cloned();
    let value = match kept.filter(|value| !matches!(value.state(), State::Failed(_))) {
        Some(value) => value,
        None => {
            let value = make()?.operand().value;
            recorder.ones.borrow_mut().insert(like.dtype(), value.clone());
            value
        }
    };
    Ok(Tensor::from_value(value, like.shape().clone()))
}

impl Device {
    /// Executes everything recorded on this device. On a GPU it is submitted, not awaited. An
    /// optimizer's step does so, and reads do.
    ///
    /// # Errors
    /// A kernel that the device cannot run. Every value recorded is then refused with that error.
    pub fn flush(&self) -> Result<()> {
        encode(self)?;
        if let Self::Gpu(gpu) = self {
            gpu.submit();
        }
        Ok(())
    }
}

/// Executes everything recorded; on a GPU it is encoded and not yet submitted.
fn encode(device: &Device) -> Result<()> {
    let recorder = Recorder::of(device)?;
    let recorded = recorder.recorded.take();
    let values: Vec<Rc<Value>> = recorded.iter().filter_map(Weak::upgrade).collect();
    drop(recorded);
    if values.is_empty() {
        return Ok(());
    }
    let graph = Graph::new(values);
    let done = recorder.plan(&graph, device).and_then(|plan| match (&plan.device, device) {
        (DevicePlan::Gpu(plan), Device::Gpu(gpu)) => plan.run(&graph, gpu),
        (DevicePlan::Cpu(of_cpu), Device::Cpu(_)) => {
            of_cpu.run(&graph, &plan.schedule, device);
            Ok(())
        }
        _ => Err(Error::internal("a plan was made for another kind of device")),
    });
    if let Err(error) = &done {
        refuse(&graph, error);
    }
    done
}

/// Drops the plans of a device, so that kernels are chosen anew.
pub(crate) fn forget(device: &Device) -> Result<()> {
    Recorder::of(device)?.plans.borrow_mut().clear();
    Ok(())
}

fn refuse(graph: &Graph, error: &Error) {
    for node in &graph.nodes {
        node.value.settle(State::Failed(error.clone()));
    }
}
