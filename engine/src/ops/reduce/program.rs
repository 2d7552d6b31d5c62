//! Division of a reduction among threads on the GPU. A team of 1 to 64 threads of a workgroup
//! computes a result and merges its accumulations in workgroup memory. Long reductions with few
//! results are split into parts, one team each, that a second launch merges. The module knows no
//! operation.

use std::cell::Cell;

use crate::Result;
use crate::device::Device;
use crate::device::gpu::{AdapterKind, KernelSource};
use crate::tensor::{Bind, Launch, Layout, Param, Program, groups_1d};

use super::split;

/// Maximum numbers of kept and of reduced dimensions in the shader, after merging neighbors.
const MAX_DIMS: usize = 8;

/// Threads per workgroup.
pub(crate) const WORKGROUP: usize = 64;

/// Minimum number of elements per thread before a reduction is split, and number of threads beyond
/// which splitting gains nothing.
const MIN_SPLIT_LENGTH: usize = 256;
const MAX_SPLIT_THREADS: usize = 16_384;

/// Length from which a software adapter, which emulates barriers at a cost, uses teams as well.
const MIN_TEAM_LENGTH_ON_SOFTWARE: usize = 4096;

/// A reduction to be run on the GPU.
pub(crate) struct Reduction<'a> {
    /// Name of the operation.
    pub name: &'static str,
    /// Pieces: the accumulation, `Element`, and the bindings with `load`, which use `reduce`.
    pub pieces: Vec<&'static str>,
    /// Operands read by `load`, at bindings from 1 on; binding 0 is the output.
    pub operands: &'a [Bind],
    /// Layout of the elements.
    pub layout: &'a Layout,
    /// Reduced dimensions.
    pub dims: &'a [usize],
    /// Size of the shader's `Acc`, in words.
    pub acc_words: usize,
    /// Number of results for each run.
    pub planes: usize,
    /// Value of the shader's `params.scalar`.
    pub scalar: Param,
}

impl Reduction<'_> {
    /// Returns `true` if the shader supports a layout.
    pub fn fits(layout: &Layout, dims: &[usize]) -> bool {
        let (kept, reduced) = split(layout, dims);
        kept.collapse().0.len() <= MAX_DIMS && reduced.collapse().0.len() <= MAX_DIMS
    }

    /// Returns the launches.
    ///
    /// # Errors
    /// None today: layouts that do not fit are copied before.
    pub fn program(&self, device: &Device) -> Result<Program> {
        let (kept, reduced) = split(self.layout, self.dims);
        let (outputs, length) = (kept.numel(), reduced.numel());
        if outputs == 0 {
            return Ok(Program::default());
        }
        let (kept, reduced) = (kept.collapse(), reduced.collapse());
        let adjacent = kept.1.last() == Some(&1);
        let team = team(device, length, adjacent);
        let wanted = length.div_ceil(team * MIN_SPLIT_LENGTH).min(MAX_SPLIT_THREADS.div_ceil(outputs * team));
        let chunk = length.div_ceil(wanted.max(1));
        let parts = length.div_ceil(chunk.max(1)).max(1);
        let mut params = [outputs, length, parts, chunk, self.layout.offset].map(Param::from).to_vec();
        params.extend([Param::from(kept.0.len()), Param::from(reduced.0.len())]);
        params.push(self.scalar.clone());
        for (sizes, strides) in [kept, reduced] {
            let inner = |i: usize| sizes.len().checked_sub(i + 1);
            params.extend((0..MAX_DIMS).map(|i| inner(i).map_or(Param::Word(1), |d| Param::from(sizes[d]))));
            params.extend((0..MAX_DIMS).map(|i| inner(i).map_or(Param::Word(0), |d| Param::from(strides[d]))));
        }
        let source = |entry: &'static str, team: usize| {
            KernelSource::new(self.name, &self.pieces)
                .entry(entry)
                .constant("TEAM", team as u32)
                .constant("PLANES", self.planes as u32)
        };
        let launch = |entry, written, team: usize, teams: usize| Launch {
            source: source(entry, team),
            bindings: std::iter::once(written).chain(self.operands.iter().copied()).collect(),
            params: params.clone(),
            groups: groups_of_teams(teams, team),
        };
        if parts == 1 {
            return Ok(Program { launches: vec![launch("reduce", Bind::Output, team, outputs)], scratch: Vec::new() });
        }
        let first = launch("reduce_part", Bind::Scratch(0), team, outputs * parts);
        let merging = self::team(device, parts, adjacent);
        let second = Launch {
            source: source("reduce_parts", merging),
            // The parts replace every operand, so that the parameters keep their binding.
            bindings: std::iter::once(Bind::Output).chain(self.operands.iter().map(|_| Bind::ScratchRead(0))).collect(),
            groups: groups_of_teams(outputs, merging),
            params,
        };
        Ok(Program { launches: vec![first, second], scratch: vec![outputs * parts * self.acc_words] })
    }
}

thread_local! {
    static FORCED: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Forces a team of 1 to 64 threads, a power of two, for each result in all later plans of this
/// thread: for tests and measurements. `None` ends this.
pub fn set_team(team: Option<usize>) {
    FORCED.set(team.map(|team| team.next_power_of_two().min(WORKGROUP)));
}

/// Returns the number of threads per run of elements. If runs are `adjacent`, neighboring
/// threads with one run each read adjacent elements anyway.
pub(crate) fn team(device: &Device, length: usize, adjacent: bool) -> usize {
    let software = matches!(device, Device::Gpu(gpu) if gpu.kind() == AdapterKind::Software);
    match length {
        _ if FORCED.get().is_some() => FORCED.get().unwrap_or(1),
        _ if adjacent || software && length < MIN_TEAM_LENGTH_ON_SOFTWARE => 1,
        0..16 => 1,
        16..64 => 16,
        _ => WORKGROUP,
    }
}

/// Returns the workgroups for `teams` teams; the shader's `team_number` is the inverse.
pub(crate) fn groups_of_teams(teams: usize, team: usize) -> [u32; 3] {
    groups_1d(teams * team, WORKGROUP)
}
