//! Loops that came back to a state that covers them while other paths through the loop still wait: what mattered after that
//! state is not all known yet, so that it is passed on once the whole loop was explored (`maybe_enter_scc`,
//! `maybe_exit_scc`, `propagate_backedges`, Linux 6.16 `kernel/bpf/verifier.c`).

use super::checkpoint::{Checkpoints, Origin};
use super::history::History;
use crate::program::Program;
use crate::state::State;
use bpfc_kabi::limits::MAX_CALL_FRAMES;
use std::collections::HashMap;

/// How often marks are passed on along the same edges before all numbers are taken to matter.
const MAX_ROUNDS: u32 = 64;

/// A loop, and the calls that lead to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chain {
    sites: [u32; MAX_CALL_FRAMES as usize],
    scc: u32,
}

impl Chain {
    /// The outermost loop that a state is in.
    pub fn of(program: &Program<'_>, state: &State) -> Option<Chain> {
        let mut sites = [0; MAX_CALL_FRAMES as usize];
        for idx in 0..state.frames.len() {
            let insn_idx = match state.frames.get(idx + 1) {
                Some(callee) => callee.call_site,
                None => state.insn_idx,
            };
            match program.code[insn_idx as usize].scc {
                0 => *sites.get_mut(idx)? = insn_idx,
                scc => return Some(Chain { sites, scc }),
            }
        }
        None
    }
}

/// A path that ended because a state of a loop in progress covers it.
#[derive(Debug)]
struct Backedge {
    history: History,
    parent: Option<usize>,
    insn_idx: u32,
    n_frames: usize,
    /// The state that covers it.
    equal: usize,
}

/// A loop in progress.
#[derive(Debug, Default)]
struct Visit {
    /// The first state that was kept in it. When all paths from there ended, the loop was explored.
    entry: Option<usize>,
    backedges: Vec<Backedge>,
}

/// The loops in progress.
#[derive(Debug, Default)]
pub struct Loops {
    visits: HashMap<Chain, Visit>,
    n_backedges: u32,
}

impl Loops {
    /// How many paths wait to be told what mattered.
    pub fn n_backedges(&self) -> u32 {
        self.n_backedges
    }
}

impl Checkpoints {
    /// A state was kept.
    pub fn enter_loop(&mut self, program: &Program<'_>, idx: usize) {
        let state = self.get(Some(idx)).map(|checkpoint| &checkpoint.state);
        let chain = state.and_then(|state| Chain::of(program, state));
        if let Some(chain) = chain {
            self.loops.visits.entry(chain).or_default().entry.get_or_insert(idx);
        }
    }

    /// All paths from a kept state ended: if it was the first one in a loop, the marks are passed on.
    pub fn exit_loop(&mut self, program: &Program<'_>, idx: usize) {
        let state = self.get(Some(idx)).map(|checkpoint| &checkpoint.state);
        let Some(chain) = state.and_then(|state| Chain::of(program, state)) else {
            return;
        };
        let Some(visit) = self.loops.visits.get_mut(&chain).filter(|v| v.entry == Some(idx)) else {
            return;
        };
        visit.entry = None;
        let backedges = std::mem::take(&mut visit.backedges);
        self.loops.n_backedges -= backedges.len() as u32;
        self.pass_on(program, &backedges);
    }

    /// Whether it is not known yet all of what matters after a kept state.
    pub fn is_incomplete(&self, program: &Program<'_>, state: &State) -> bool {
        if self.loops.n_backedges == 0 {
            return false;
        }
        let visit = Chain::of(program, state).and_then(|chain| self.loops.visits.get(&chain));
        visit.is_some_and(|visit| !visit.backedges.is_empty())
    }

    /// A path ended at the kept state `equal`, of a loop in progress.
    pub fn add_backedge(&mut self, program: &Program<'_>, equal: usize, origin: &mut Origin<'_>) {
        let state = self.get(Some(equal)).map(|checkpoint| &checkpoint.state);
        let Some(chain) = state.and_then(|state| Chain::of(program, state)) else {
            return;
        };
        let backedge = Backedge {
            history: origin.history.fork(),
            parent: origin.parent,
            insn_idx: origin.insn_idx,
            n_frames: origin.n_frames,
            equal,
        };
        self.loops.visits.entry(chain).or_default().backedges.push(backedge);
        self.loops.n_backedges += 1;
    }

    fn pass_on(&mut self, program: &Program<'_>, backedges: &[Backedge]) {
        for round in 0.. {
            let mut changed = false;
            for edge in backedges {
                if round == MAX_ROUNDS {
                    self.force_precise(edge.parent);
                    continue;
                }
                let mut history = edge.history.clone();
                let origin = Origin {
                    history: &mut history,
                    parent: edge.parent,
                    insn_idx: edge.insn_idx,
                    n_frames: edge.n_frames,
                };
                changed |= self.propagate(program, edge.equal, &origin);
            }
            if !changed {
                return;
            }
        }
    }
}
