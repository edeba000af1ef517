//! States that are kept where paths meet, so that a later path that comes to one of them in a state
//! that it covers need not be followed: `is_state_visited` (Linux 6.12 `kernel/bpf/verifier.c`).

use super::Path;
use super::equal::{self, Mode};
use crate::domain::Scalar;
use crate::program::{Program, Repeats};
use crate::state::{State, Step, Value};

/// A kept state.
#[derive(Debug)]
pub struct Checkpoint {
    /// The state.
    pub state: State,
    /// The one before it on its path.
    pub parent: Option<usize>,
    /// What ran between its parent and it.
    pub history: Vec<Step>,
    /// Per frame, the stack slots overwritten between its parent and it.
    pub written: Vec<u64>,
    /// Per frame, the stack slots that were read later and not overwritten before.
    pub read: Vec<u64>,
    /// How many paths go on from it. While there are any, it is not known whether it is safe.
    pub n_open: u32,
    n_hits: u32,
    n_misses: u32,
    /// Not compared with any more, and to be dropped with the last path that goes on from it.
    is_evicted: bool,
}

/// The kept states.
pub struct Checkpoints {
    /// The states; evicted ones leave a hole.
    pub table: Vec<Option<Box<Checkpoint>>>,
    free: Vec<usize>,
    /// Per instruction, the states kept there, the oldest first.
    at: Vec<Vec<usize>>,
    n_made: u32,
    n_kept: u32,
    last_insns: u32,
    last_jumps: u32,
}

/// What the kept states say of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// Nothing.
    New,
    /// It is covered by one from which all paths were safe.
    Known,
    /// The path itself was in the same state before.
    Loop,
}

impl Checkpoints {
    /// None yet, for a program of `n_insns` instructions.
    pub fn new(n_insns: usize) -> Checkpoints {
        Checkpoints {
            table: Vec::new(),
            free: Vec::new(),
            at: vec![Vec::new(); n_insns],
            n_made: 0,
            n_kept: 0,
            last_insns: 0,
            last_jumps: 0,
        }
    }

    /// How many were made.
    pub fn n_made(&self) -> u32 {
        self.n_made
    }

    /// How many are kept now.
    pub fn n_kept(&self) -> u32 {
        self.n_kept
    }

    /// Another path goes on from `parent`.
    pub fn fork(&mut self, parent: Option<usize>) {
        if let Some(checkpoint) = self.get_mut(parent) {
            checkpoint.n_open += 1;
        }
    }

    /// A path from `parent` ended.
    pub fn end(&mut self, mut parent: Option<usize>) {
        while let Some(checkpoint) = self.get_mut(parent) {
            checkpoint.n_open -= 1;
            if checkpoint.n_open > 0 {
                break;
            }
            let next = checkpoint.parent;
            if checkpoint.is_evicted
                && let Some(idx) = parent
            {
                self.drop_state(idx);
            }
            parent = next;
        }
    }

    /// The kept state with this index.
    pub fn get(&self, idx: Option<usize>) -> Option<&Checkpoint> {
        self.table.get(idx?)?.as_deref()
    }

    /// The kept state with this index.
    pub fn get_mut(&mut self, idx: Option<usize>) -> Option<&mut Checkpoint> {
        self.table.get_mut(idx?)?.as_deref_mut()
    }

    /// Everything that ran on a path, from the start.
    pub fn trace(&self, path: &Path) -> Vec<Step> {
        let mut parts = vec![path.history.as_slice()];
        let mut parent = path.parent;
        while let Some(checkpoint) = self.get(parent) {
            parts.push(&checkpoint.history);
            parent = checkpoint.parent;
        }
        parts.into_iter().rev().flatten().copied().collect()
    }

    /// Looks `path` up and, if it is new and the time has come, keeps it.
    pub fn visit(
        &mut self,
        program: &Program<'_>,
        path: &mut Path,
        n_insns: u32,
        n_jumps: u32,
    ) -> Visit {
        let insn_idx = path.state.insn_idx as usize;
        // The kernel's measure: not more often than every two jumps and eight instructions.
        let is_forced = path.n_noted > 40;
        let (since_jumps, since_insns) = (n_jumps - self.last_jumps, n_insns - self.last_insns);
        let mut keeps = is_forced || (since_jumps >= 2 && since_insns >= 8);
        let mut position = 0;
        while position < self.at[insn_idx].len() {
            let idx = self.at[insn_idx][position];
            let Some(checkpoint) = self.table[idx].as_deref() else {
                self.at[insn_idx].remove(position);
                continue;
            };
            let is_open = checkpoint.n_open > 0;
            if is_open {
                let repeats = program.code[insn_idx].repeats;
                let is_other_round = match repeats {
                    Some(Repeats::MayGoto) => checkpoint.state.n_may_goto != path.state.n_may_goto,
                    Some(Repeats::Iterator) => {
                        path.state.iterator_behind_r1().is_some_and(|iterator| iterator.is_active)
                    }
                    Some(Repeats::Callback) => true,
                    None => false,
                };
                if is_other_round
                    && equal::covers(program, checkpoint, &path.state, Mode::RangeWithin)
                {
                    self.hit(program, idx, path);
                    return Visit::Known;
                }
                let may_loop = repeats.is_none_or(|repeats| repeats == Repeats::MayGoto)
                    && checkpoint.state.n_may_goto == path.state.n_may_goto
                    && checkpoint.state.n_unrolled == path.state.n_unrolled;
                if may_loop && equal::covers(program, checkpoint, &path.state, Mode::Exact) {
                    return Visit::Loop;
                }
                // Each round of a loop has a state of its own, of little use to others.
                if !is_forced && since_jumps < 20 && since_insns < 100 {
                    keeps = false;
                }
            } else if equal::covers(program, checkpoint, &path.state, Mode::Pruning) {
                self.hit(program, idx, path);
                return Visit::Known;
            }
            if !self.miss(idx, keeps) {
                position += 1;
            } else {
                self.at[insn_idx].remove(position);
            }
        }
        if keeps {
            (self.last_jumps, self.last_insns) = (n_jumps, n_insns);
            self.keep(path);
        }
        Visit::New
    }

    /// The rest of `path` is like what came after the kept state `idx`.
    fn hit(&mut self, program: &Program<'_>, idx: usize, path: &mut Path) {
        let Some(checkpoint) = self.table[idx].as_deref_mut() else {
            return;
        };
        checkpoint.n_hits += 1;
        let read = checkpoint.read.clone();
        for (frame, bits) in (0..).zip(read) {
            self.mark_read(path, frame, bits);
        }
        self.propagate_precision(program, idx, path);
    }

    /// Numbers of `state` that differ from those when the path was at `insn_idx` last, and whose range did not matter
    /// so far, become unknown, so that rounds of a loop become alike: `widen_imprecise_scalars`.
    pub fn widen(&self, parent: Option<usize>, insn_idx: u32, state: &mut State) {
        let mut before = parent;
        let old = loop {
            let Some(checkpoint) = self.get(before) else {
                return;
            };
            let is_here = checkpoint.state.insn_idx == insn_idx
                && checkpoint.state.frames.len() == state.frames.len()
                && (checkpoint.state.frames.iter().zip(&state.frames))
                    .all(|(a, b)| a.func == b.func && a.call_site == b.call_site);
            if is_here {
                break &checkpoint.state;
            }
            before = checkpoint.parent;
        };
        for (old, new) in old.frames.iter().zip(&mut state.frames) {
            if std::rc::Rc::ptr_eq(old, new) {
                continue;
            }
            let new = std::rc::Rc::make_mut(new);
            for (old, new) in old.regs.iter().zip(&mut new.regs) {
                widen(old, new);
            }
            for (old, new) in old.stack.slots.iter().zip(&mut new.stack.slots) {
                if let (Some(old), Some(new)) = (&old.spill, &mut new.spill) {
                    widen(old, std::rc::Rc::make_mut(new));
                }
            }
        }
    }

    /// Counts a comparison in vain; whether the state was evicted.
    fn miss(&mut self, idx: usize, keeps: bool) -> bool {
        let Some(checkpoint) = self.table[idx].as_deref_mut() else {
            return true;
        };
        if keeps {
            checkpoint.n_misses += 1;
        }
        if checkpoint.n_misses <= checkpoint.n_hits * 3 + 3 {
            return false;
        }
        // Paths that go on from it still need its history; only the comparison is given up.
        checkpoint.is_evicted = true;
        if checkpoint.n_open == 0 {
            self.drop_state(idx);
        }
        true
    }

    fn drop_state(&mut self, idx: usize) {
        self.table[idx] = None;
        self.free.push(idx);
        self.n_kept -= 1;
    }

    fn keep(&mut self, path: &mut Path) {
        let n_frames = path.state.frames.len();
        path.written.resize(n_frames, !0);
        path.n_noted = 0;
        let checkpoint = Box::new(Checkpoint {
            state: path.state.clone(),
            parent: path.parent,
            history: std::mem::take(&mut path.history),
            written: std::mem::replace(&mut path.written, vec![0; n_frames]),
            read: vec![0; n_frames],
            n_open: 1,
            n_hits: 0,
            n_misses: 0,
            is_evicted: false,
        });
        let idx = match self.free.pop() {
            Some(idx) => {
                self.table[idx] = Some(checkpoint);
                idx
            }
            None => {
                self.table.push(Some(checkpoint));
                self.table.len() - 1
            }
        };
        self.at[path.state.insn_idx as usize].push(idx);
        path.parent = Some(idx);
        self.n_made += 1;
        self.n_kept += 1;
    }

    /// Stack slots were read: they matter for every state since they were written.
    pub fn mark_read(&mut self, path: &Path, frame: u8, bits: u64) {
        let frame = usize::from(frame);
        let written = path.written.get(frame).copied().unwrap_or(0);
        let mut bits = bits & !written;
        let mut parent = path.parent;
        while let Some(checkpoint) = self.get_mut(parent) {
            let Some(read) = checkpoint.read.get_mut(frame) else {
                break;
            };
            bits &= !*read;
            if bits == 0 {
                break;
            }
            *read |= bits;
            bits &= !checkpoint.written.get(frame).copied().unwrap_or(0);
            parent = checkpoint.parent;
        }
    }
}

fn widen(old: &Value, new: &mut Value) {
    let is_settled = old.is_precise || new.is_precise || old.number == new.number;
    if old.is_scalar() && new.is_scalar() && !is_settled {
        *new = Value::scalar(Scalar::UNKNOWN, new.origin);
    }
}
