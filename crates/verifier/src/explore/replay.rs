//! Walks a path again that led to a fault, and keeps what was known at each step: for explanations.

use super::{Explorer, Found};
use crate::state::{State, Step};
use crate::transfer::Next;

/// Steps before the fault that are kept, at most.
const MAX_MOMENTS: usize = 4_096;
/// Paths longer than this are not walked again.
const MAX_STEPS: usize = 200_000;

/// One step of the path, with the state before it.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The step.
    pub step: Step,
    /// What was known before it ran.
    pub state: State,
}

/// A path walked again.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    /// The last steps before the fault, in order.
    pub moments: Vec<Moment>,
    /// The state in which the fault was found.
    pub last: Option<State>,
}

impl Explorer<'_, '_> {
    /// Walks the path of `found` again. What cannot be repeated gives an empty replay.
    pub fn replay(&mut self, found: &Found) -> Replay {
        let mut replay = Replay::default();
        let Some(first) = found.trace.first() else {
            return replay;
        };
        let mut funcs = self.program.funcs.iter();
        let func = funcs.position(|func| func.start == first.insn_idx);
        let (Some(func), true) = (func, found.trace.len() <= MAX_STEPS) else {
            return replay;
        };
        // What runs by itself, later, starts in a state that is not known here.
        if func != 0 && self.program.funcs[func].contract.is_none() {
            return replay;
        }
        let mut state = self.entry(func as u32);
        let n_skipped = found.trace.len().saturating_sub(MAX_MOMENTS);
        for (n, step) in found.trace.iter().enumerate() {
            if state.insn_idx != step.insn_idx {
                return Replay::default();
            }
            if n >= n_skipped {
                replay.moments.push(Moment { step: *step, state: state.clone() });
            }
            let following = found.trace.get(n + 1);
            let next_idx = following.map_or(found.insn_idx, |step| step.insn_idx);
            let next = self.machine.execute(&mut state);
            self.machine.marks.clear();
            match next {
                Next::Done => return Replay::default(),
                Next::Goto(next) => state.insn_idx = next,
                Next::Spawn(_) => state.insn_idx = step.insn_idx + 1,
                Next::Branch(other) => choose(&mut state, step.insn_idx + 1, *other, next_idx),
                Next::Fork { next, other } => choose(&mut state, next, *other, next_idx),
            }
        }
        let is_there = state.insn_idx == found.insn_idx;
        replay.last = is_there.then_some(state);
        replay
    }
}

/// Goes on with the one of two states that the path went on with.
fn choose(state: &mut State, next: u32, other: State, wanted: u32) {
    if next != wanted && other.insn_idx == wanted {
        *state = other;
    } else {
        state.insn_idx = next;
    }
}
