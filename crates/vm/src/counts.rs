//! How often instructions were executed, and which way jumps went.

use crate::program::Program;
use bpfc_object::FuncId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often an instruction of an object was executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How often in all.
    pub executed: u64,
    /// How often it jumped, if it is a conditional jump.
    pub taken: u64,
}

/// Counts by function and index of the instruction in it.
pub type Counts = BTreeMap<(FuncId, u32), Count>;

/// The counts of all programs of a machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter {
    programs: BTreeMap<FuncId, ProgramCounts>,
}

/// The counts of one program, by index of its steps.
#[derive(Clone, Debug)]
pub(crate) struct ProgramCounts {
    program: Arc<Program>,
    counts: Vec<Count>,
    last: Option<u32>,
}

impl Counter {
    /// Takes the counts of a program, to be given back.
    pub fn take(&mut self, program: &Arc<Program>) -> ProgramCounts {
        self.programs.remove(&program.linked.func).unwrap_or_else(|| ProgramCounts {
            program: Arc::clone(program),
            counts: vec![Count::default(); program.steps.len()],
            last: None,
        })
    }

    /// Gives them back.
    pub fn put(&mut self, mut counts: ProgramCounts) {
        counts.last = None;
        self.programs.insert(counts.program.linked.func, counts);
    }

    /// All counts, those of functions that several programs have added up.
    pub fn counts(&self) -> Counts {
        let mut all = Counts::new();
        for program in self.programs.values() {
            for (insn, count) in program.program.linked.insns.iter().zip(&program.counts) {
                let sum = all.entry((insn.func, insn.insn_idx)).or_default();
                sum.executed += count.executed;
                sum.taken += count.taken;
            }
        }
        all
    }
}

impl ProgramCounts {
    /// Step `idx` is about to be executed.
    pub fn note(&mut self, idx: u32) {
        if let Some(last) = self.last
            && idx != last + 1
            && let Some(count) = self.counts.get_mut(last as usize)
        {
            count.taken += 1;
        }
        if let Some(count) = self.counts.get_mut(idx as usize) {
            count.executed += 1;
        }
        self.last = Some(idx);
    }
}
