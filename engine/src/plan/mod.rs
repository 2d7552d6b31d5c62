//! From recordings to results. Operations are recorded as they are called; reading a value, or the end of an
//! optimizer's step, takes everything recorded so far, fuses pointwise chains, assigns memory and runs it. The
//! plan for a structure is made once and found again by its key. It knows the contract of operations, none by
//! name.

mod apply;
mod codegen;
mod cpu;
mod gpu;
mod graph;
mod join;
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

/// Plans kept per device; beyond that the least recently used goes.
const MOST_PLANS: usize = 128;

/// Recordings longer than this are run without waiting for a read, so that a program which never reads keeps a
/// bounded graph.
const LONGEST_RECORDING: usize = 8192;

/// What a device has recorded and the plans it has.
#[derive(Default)]
struct Recorder {
    recorded: RefCell<Vec<Weak<Value>>>,
    plans: RefCell<HashMap<Vec<u64>, Rc<Plan>>>,
    clock: Cell<u64>,
    /// The number 1, by type: what backward starts from, step after step.
    ones: RefCell<HashMap<DType, Rc<Value>>>,
}

/// How recordings of one structure are executed.
struct Plan {
    schedule: Schedule,
    device: DevicePlan,
    used: Cell<u64>,
}

/// What a plan has for its device.
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

    /// The plan for a graph, and whether it had to be made.
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
        if plans.len() >= MOST_PLANS {
            let oldest = plans.iter().min_by_key(|(_, plan)| plan.used.get()).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                plans.remove(&oldest);
            }
        }
        plans.insert(graph.key.clone(), plan.clone());
        Ok(plan)
    }
}

/// A tensor of one element that is 1, made by `make` the first time; `like` is such a tensor.
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

/// Executes everything recorded on a device. On a GPU it is submitted, not awaited.
///
/// # Errors
/// A kernel that the device cannot run. What was recorded is then refused, each value with that error.
pub fn flush(device: &Device) -> Result<()> {
    encode(device)?;
    if let Device::Gpu(gpu) = device {
        gpu.submit();
    }
    Ok(())
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

/// Forgets the plans of a device: kernels may be chosen anew.
pub(crate) fn forget(device: &Device) -> Result<()> {
    Recorder::of(device)?.plans.borrow_mut().clear();
    Ok(())
}

fn refuse(graph: &Graph, error: &Error) {
    for node in &graph.nodes {
        node.value.settle(State::Failed(error.clone()));
    }
}
