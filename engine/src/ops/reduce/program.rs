//! How a reduction is cut into threads on the GPU. A result is made by a team of 1 to 64 threads of a workgroup,
//! whose accumulations are merged in workgroup memory; long reductions with few results are cut into parts, one
//! team each, that a second launch merges. It knows no operation.

use std::cell::Cell;

use crate::Result;
use crate::device::Device;
use crate::device::gpu::{AdapterKind, KernelSource};
use crate::shader;
use crate::tensor::{Bind, Launch, Layout, Param, Program, groups_1d};

use super::split;

/// The shader takes so many kept and so many reduced dimensions, after neighbours have been joined.
const MOST_DIMS: usize = 8;

/// Threads of a workgroup.
pub(crate) const WORKGROUP: usize = 64;

/// Elements that one thread accumulates at least before more threads share the work, and threads beyond which
/// cutting gains nothing.
const WORTH_CUTTING: usize = 256;
const ENOUGH_THREADS: usize = 16_384;

/// From here on a software adapter, which emulates barriers at a price, gets teams as well.
const LONG_FOR_SOFTWARE: usize = 4096;

/// A reduction to be run on the GPU.
pub(crate) struct Reduction<'a> {
    /// The operation's name.
    pub name: &'static str,
    /// The accumulation, `Element`, and the bindings with `load`.
    pub pieces: Vec<&'static str>,
    /// What `load` reads, at bindings from 1 on; binding 0 is what is written.
    pub operands: &'a [Bind],
    /// How the elements lie.
    pub layout: &'a Layout,
    /// The reduced dimensions.
    pub dims: &'a [usize],
    /// Words of the shader's `Acc`.
    pub acc_words: usize,
    /// Results for each run.
    pub planes: usize,
    /// The shader's `params.scalar`.
    pub scalar: Param,
}

impl Reduction<'_> {
    /// Whether the shader can walk a layout.
    pub fn fits(layout: &Layout, dims: &[usize]) -> bool {
        let (kept, reduced) = split(layout, dims);
        kept.collapse().0.len() <= MOST_DIMS && reduced.collapse().0.len() <= MOST_DIMS
    }

    /// The launches.
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
        let side_by_side = kept.1.last() == Some(&1);
        let team = team(device, length, side_by_side);
        let wanted = length.div_ceil(team * WORTH_CUTTING).min(ENOUGH_THREADS.div_ceil(outputs * team));
        let chunk = length.div_ceil(wanted.max(1));
        let parts = length.div_ceil(chunk.max(1)).max(1);
        let mut params = [outputs, length, parts, chunk, self.layout.offset].map(Param::from).to_vec();
        params.extend([Param::from(kept.0.len()), Param::from(reduced.0.len())]);
        params.push(self.scalar.clone());
        for (sizes, strides) in [kept, reduced] {
            let inner = |i: usize| sizes.len().checked_sub(i + 1);
            params.extend((0..MOST_DIMS).map(|i| inner(i).map_or(Param::Word(1), |d| Param::from(sizes[d]))));
            params.extend((0..MOST_DIMS).map(|i| inner(i).map_or(Param::Word(0), |d| Param::from(strides[d]))));
        }
        let mut pieces = self.pieces.clone();
        pieces.push(shader!("reduce"));
        let source = |entry: &'static str, team: usize| {
            KernelSource::new(self.name, &pieces)
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
        let merging = self::team(device, parts, side_by_side);
        let second = Launch {
            source: source("reduce_parts", merging),
            // The parts stand in for every operand, so that the parameters keep their binding.
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

/// Makes all plans of this thread from now on share each result among so many threads, 1 to 64, a power of two: for
/// tests and measurements. `None` leaves the choice to the engine.
pub fn set_team(team: Option<usize>) {
    FORCED.set(team.map(|team| team.next_power_of_two().min(WORKGROUP)));
}

/// How many threads share a run of elements. Where runs lie `side_by_side`, neighbouring threads with one run each
/// read side by side already.
pub(crate) fn team(device: &Device, length: usize, side_by_side: bool) -> usize {
    let software = matches!(device, Device::Gpu(gpu) if gpu.kind() == AdapterKind::Software);
    match length {
        _ if FORCED.get().is_some() => FORCED.get().unwrap_or(1),
        _ if side_by_side || software && length < LONG_FOR_SOFTWARE => 1,
        0..16 => 1,
        16..64 => 16,
        _ => WORKGROUP,
    }
}

/// Workgroups for so many teams; the shader's `team_number` is their inverse.
pub(crate) fn groups_of_teams(teams: usize, team: usize) -> [u32; 3] {
    groups_1d(teams * team, WORKGROUP)
}
