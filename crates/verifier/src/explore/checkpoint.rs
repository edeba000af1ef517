//! States that are kept where paths meet, so that a later path that comes to one of them in a state
//! that it covers need not be followed: `is_state_visited` (Linux 6.18 `kernel/bpf/verifier.c`).

use super::Path;
use super::equal::{self, Mode};
use super::history::History;
use super::liveness::Liveness;
use super::loops::Loops;
use super::precision::Links;
use crate::domain::Scalar;
use crate::program::{Program, Repeats};
use crate::state::{Frame, Slot, State, Step, Value};
use std::rc::Rc;

/// A kept state.
#[derive(Debug)]
pub struct Checkpoint {
    /// The state.
    pub state: State,
    /// The one before it on its path.
    pub parent: Option<usize>,
    /// What ran between its parent and it.
    pub history: History,
    /// Per frame, the stack slots overwritten between its parent and it.
    pub written: Vec<u64>,
    /// Per frame, the stack slots that were read later and not overwritten before.
    pub read: Vec<u64>,
    /// How many paths go on from it. While there are any, it is not known whether it is safe.
    pub n_open: u32,
    n_hits: u32,
    n_misses: u32,
    n_bytes: u64,
    /// Not compared with any more, and to be dropped with the last path that goes on from it.
    is_evicted: bool,
    /// Whether the stack slots that nothing reads later were forgotten.
    is_clean: bool,
}

/// The end of a path, from which it can be walked back.
pub struct Origin<'a> {
    /// What ran since the last kept state.
    pub history: &'a mut History,
    /// That state.
    pub parent: Option<usize>,
    /// The next instruction.
    pub insn_idx: u32,
    /// The calls in progress.
    pub n_frames: usize,
}

impl Path {
    /// Where to walk back from.
    pub fn origin(&mut self) -> Origin<'_> {
        Origin {
            history: &mut self.history,
            parent: self.parent,
            insn_idx: self.state.insn_idx,
            n_frames: self.state.frames.len(),
        }
    }
}

/// The kept states.
pub struct Checkpoints {
    /// The states; evicted ones leave a hole.
    table: Vec<Option<Box<Checkpoint>>>,
    free: Vec<usize>,
    /// Per instruction, the states kept there, the oldest first.
    at: Vec<Vec<usize>>,
    /// What is linked where a branch narrowed it.
    pub links: Links,
    /// Which stack slots matter, as Linux finds out since 6.18.
    pub liveness: Liveness,
    /// Whether that is asked.
    pub uses_liveness: bool,
    pub(super) loops: Loops,
    n_made: u32,
    n_kept: u32,
    n_bytes: u64,
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

/// How much was done so far.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Instructions.
    pub n_insns: u32,
    /// Of these, jumps, calls and exits.
    pub n_jumps: u32,
}

impl Checkpoints {
    /// None yet.
    pub fn new(program: &Program<'_>) -> Checkpoints {
        Checkpoints {
            table: Vec::new(),
            free: Vec::new(),
            at: vec![Vec::new(); program.code.len()],
            links: Links::default(),
            liveness: Liveness::default(),
            uses_liveness: program.kernel.is_none() || program.is_since(6, 18),
            loops: Loops::default(),
            n_made: 0,
            n_kept: 0,
            n_bytes: 0,
            last_insns: 0,
            last_jumps: 0,
        }
    }

    /// Drops all states, for another function.
    pub fn clear(&mut self) {
        self.table.clear();
        self.free.clear();
        self.at.iter_mut().for_each(Vec::clear);
        self.loops = Loops::default();
        (self.n_kept, self.n_bytes) = (0, 0);
    }

    /// How many were made.
    pub fn n_made(&self) -> u32 {
        self.n_made
    }

    /// How many are kept now.
    pub fn n_kept(&self) -> u32 {
        self.n_kept + self.loops.n_backedges()
    }

    /// Bytes of memory for them, about.
    pub fn n_bytes(&self) -> u64 {
        self.n_bytes + self.liveness.n_bytes()
    }

    /// The states kept at an instruction, the newest first.
    pub fn newest(&self, insn_idx: usize) -> impl Iterator<Item = &State> {
        let states = self.at[insn_idx].iter().rev();
        states.filter_map(|&idx| self.get(Some(idx)).map(|checkpoint| &checkpoint.state))
    }

    /// Another path goes on from `parent`.
    pub fn fork(&mut self, parent: Option<usize>) {
        if let Some(checkpoint) = self.get_mut(parent) {
            checkpoint.n_open += 1;
        }
    }

    /// A path from `parent` ended.
    pub fn end(&mut self, program: &Program<'_>, mut parent: Option<usize>) {
        while let (Some(idx), Some(checkpoint)) = (parent, self.get_mut(parent)) {
            checkpoint.n_open -= 1;
            if checkpoint.n_open > 0 {
                break;
            }
            parent = checkpoint.parent;
            self.exit_loop(program, idx);
            self.drop_evicted(program, idx);
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

    /// Takes a kept state out; [`Checkpoints::put`] must bring it back.
    pub fn take(&mut self, idx: usize) -> Option<Box<Checkpoint>> {
        self.table.get_mut(idx)?.take()
    }

    /// Brings back what [`Checkpoints::take`] took.
    pub fn put(&mut self, idx: usize, checkpoint: Box<Checkpoint>) {
        self.table[idx] = Some(checkpoint);
    }

    /// Everything that ran on a path, from the start.
    pub fn trace(&self, path: &Path) -> Vec<Step> {
        let mut steps: Vec<Step> = path.history.backward().copied().collect();
        let mut parent = path.parent;
        while let Some(checkpoint) = self.get(parent) {
            steps.extend(checkpoint.history.backward());
            parent = checkpoint.parent;
        }
        steps.reverse();
        steps
    }

    /// Looks `path` up and, if it is new and the time has come, keeps it.
    pub fn visit(&mut self, program: &Program<'_>, path: &mut Path, progress: Progress) -> Visit {
        let insn_idx = path.state.insn_idx as usize;
        let op = &program.code[insn_idx];
        // The kernel's measure: not more often than every two jumps and eight instructions.
        let is_forced =
            program.keeps_all_states || op.is_force_checkpoint || path.n_noted > MAX_NOTED;
        let since_jumps = progress.n_jumps - self.last_jumps;
        let since_insns = progress.n_insns - self.last_insns;
        let mut keeps = is_forced || (since_jumps >= 2 && since_insns >= 8);
        self.clean(program, &path.state);
        let mut position = self.at[insn_idx].len();
        while position > 0 {
            position -= 1;
            let idx = self.at[insn_idx][position];
            let Some(checkpoint) = self.table[idx].as_deref() else {
                continue;
            };
            if checkpoint.state.top().call_site != path.state.top().call_site {
                continue;
            }
            match self.compare(program, checkpoint, &path.state) {
                Comparison::Covers { is_complete } => {
                    self.hit(program, idx, path, is_complete);
                    return Visit::Known;
                }
                Comparison::Loops => return Visit::Loop,
                Comparison::IsOpen => {
                    // Each round of a loop has a state of its own, of little use to others.
                    if !is_forced && since_jumps < 20 && since_insns < 100 {
                        keeps = false;
                    }
                }
                Comparison::Differs => {}
            }
            if self.miss(program, idx, keeps) {
                self.at[insn_idx].remove(position);
            }
        }
        if keeps {
            (self.last_jumps, self.last_insns) = (progress.n_jumps, progress.n_insns);
            self.keep(program, path);
        }
        Visit::New
    }

    fn compare(&self, program: &Program<'_>, checkpoint: &Checkpoint, state: &State) -> Comparison {
        let old = &checkpoint.state;
        if checkpoint.n_open == 0 {
            let is_complete = !self.is_incomplete(program, old);
            let mode = if is_complete { Mode::Pruning } else { Mode::RangeWithin };
            let read = (!self.uses_liveness && is_complete).then_some(checkpoint.read.as_slice());
            return match equal::covers(program, old, state, mode, read) {
                Ok(()) => Comparison::Covers { is_complete },
                Err(_) => Comparison::Differs,
            };
        }
        let repeats = program.code[state.insn_idx as usize].repeats;
        let is_other_round = match repeats {
            Some(Repeats::MayGoto) => old.n_may_goto != state.n_may_goto,
            Some(Repeats::Iterator) => {
                state.iterator_behind_r1().is_some_and(|iterator| iterator.is_active)
            }
            Some(Repeats::Callback) => true,
            None => false,
        };
        if is_other_round && equal::covers(program, old, state, Mode::RangeWithin, None).is_ok() {
            return Comparison::Covers { is_complete: false };
        }
        let is_endless = matches!(repeats, None | Some(Repeats::MayGoto))
            && old.n_may_goto == state.n_may_goto
            && old.n_unrolled == state.n_unrolled
            && old.n_async == state.n_async
            && equal::may_loop(old, state)
            && equal::covers(program, old, state, Mode::Exact, None).is_ok();
        if is_endless { Comparison::Loops } else { Comparison::IsOpen }
    }

    /// The rest of `path` is like what came after the kept state `idx`.
    fn hit(&mut self, program: &Program<'_>, idx: usize, path: &mut Path, is_complete: bool) {
        if let Some(checkpoint) = self.get_mut(Some(idx)) {
            checkpoint.n_hits += 1;
        }
        if !self.uses_liveness {
            let read = self.get(Some(idx)).map_or(Vec::new(), |checkpoint| checkpoint.read.clone());
            for (frame, bits) in (0..).zip(read) {
                self.mark_read(path, frame, bits);
            }
        }
        let mut origin = path.origin();
        self.propagate(program, idx, &origin);
        if !is_complete {
            self.add_backedge(program, idx, &mut origin);
        }
    }

    /// Numbers of `state` that differ from those when the path was at `insn_idx` last, and whose range did not matter
    /// so far, become unknown, so that rounds of a loop become alike: `widen_imprecise_scalars`.
    pub fn widen(&self, parent: Option<usize>, insn_idx: u32, state: &mut State) {
        let mut before = parent;
        let old = loop {
            let Some(checkpoint) = self.get(before) else {
                return;
            };
            if checkpoint.state.insn_idx == insn_idx && same_sites(&checkpoint.state, state) {
                break &checkpoint.state;
            }
            before = checkpoint.parent;
        };
        for (old, new) in old.frames.iter().zip(&mut state.frames) {
            if Rc::ptr_eq(old, new) {
                continue;
            }
            let new = Rc::make_mut(new);
            for (old, new) in old.regs.iter().zip(&mut new.regs) {
                widen(old, new);
            }
            for (old, new) in old.stack.slots.iter().zip(&mut new.stack.slots) {
                if let (Some(old), Some(new)) = (&old.spill, &mut new.spill) {
                    widen(old, Rc::make_mut(new));
                }
            }
        }
    }

    /// Counts a comparison in vain; whether the state was evicted.
    fn miss(&mut self, program: &Program<'_>, idx: usize, keeps: bool) -> bool {
        let Some(checkpoint) = self.table[idx].as_deref_mut() else {
            return true;
        };
        if keeps {
            checkpoint.n_misses += 1;
        }
        let op = &program.code[checkpoint.state.insn_idx as usize];
        let patience = if op.is_force_checkpoint && checkpoint.n_open > 0 { 64 } else { 3 };
        if checkpoint.n_misses <= checkpoint.n_hits * patience + patience {
            return false;
        }
        // Paths that go on from it still need its history; only the comparison is given up.
        checkpoint.is_evicted = true;
        self.drop_evicted(program, idx);
        true
    }

    fn drop_evicted(&mut self, program: &Program<'_>, idx: usize) {
        let Some(checkpoint) = self.get(Some(idx)) else {
            return;
        };
        if checkpoint.is_evicted
            && checkpoint.n_open == 0
            && !self.is_incomplete(program, &checkpoint.state)
        {
            self.n_bytes -= checkpoint.n_bytes;
            self.table[idx] = None;
            self.free.push(idx);
            self.n_kept -= 1;
        }
    }

    /// Forgets what nothing reads later in the states kept where `state` is: `clean_live_states`.
    fn clean(&mut self, program: &Program<'_>, state: &State) {
        if !self.uses_liveness {
            return;
        }
        for position in 0..self.at[state.insn_idx as usize].len() {
            let idx = self.at[state.insn_idx as usize][position];
            let Some(checkpoint) = self.table[idx].as_deref() else {
                continue;
            };
            if checkpoint.n_open > 0
                || checkpoint.is_clean
                || !same_sites(&checkpoint.state, state)
                || self.is_incomplete(program, &checkpoint.state)
            {
                continue;
            }
            let Some(mut checkpoint) = self.table[idx].take() else {
                continue;
            };
            let alive = self.liveness.alive(program, &checkpoint.state);
            for (frame, alive) in checkpoint.state.frames.iter_mut().zip(alive) {
                forget(frame, alive);
            }
            checkpoint.is_clean = true;
            self.table[idx] = Some(checkpoint);
        }
    }

    fn keep(&mut self, program: &Program<'_>, path: &mut Path) {
        let n_frames = path.state.frames.len();
        path.written.resize(n_frames, !0);
        path.n_noted = 0;
        let history = std::mem::take(&mut path.history);
        let n_bytes = size_of::<Checkpoint>() as u64 + history.n_bytes() + own_bytes(&path.state);
        let checkpoint = Box::new(Checkpoint {
            state: path.state.clone(),
            parent: path.parent,
            history,
            written: std::mem::replace(&mut path.written, vec![0; n_frames]),
            read: vec![0; n_frames],
            n_open: 1,
            n_hits: 0,
            n_misses: 0,
            n_bytes,
            is_evicted: false,
            is_clean: false,
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
        self.n_bytes += n_bytes;
        self.enter_loop(program, idx);
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

/// What the kernel notes of a path, at most, before it keeps a state in any case.
const MAX_NOTED: u32 = 40;

/// What a comparison says.
enum Comparison {
    Covers { is_complete: bool },
    Loops,
    IsOpen,
    Differs,
}

/// Bytes of memory of a state, about: those that it does not share with others.
pub fn own_bytes(state: &State) -> u64 {
    let own = state.frames.iter().filter(|frame| Rc::strong_count(frame) <= 2);
    let bytes = own.map(|frame| {
        size_of::<Frame>() + frame.stack.slots.len() * (size_of::<Slot>() + size_of::<Value>() / 2)
    });
    bytes.sum::<usize>() as u64
}

fn same_sites(old: &State, new: &State) -> bool {
    old.frames.len() == new.frames.len()
        && old.frames.iter().zip(&new.frames).all(|(a, b)| a.call_site == b.call_site)
}

fn forget(frame: &mut Rc<Frame>, alive: u64) {
    let is_dead = |slot: usize| alive >> slot & 1 == 0;
    let slots = &frame.stack.slots;
    if (0..slots.len()).any(|slot| is_dead(slot) && slots[slot] != Slot::UNINIT) {
        for (idx, slot) in Rc::make_mut(frame).stack.slots.iter_mut().enumerate() {
            if is_dead(idx) {
                *slot = Slot::UNINIT;
            }
        }
    }
}

fn widen(old: &Value, new: &mut Value) {
    let is_settled = old.is_precise || new.is_precise || old.number == new.number;
    if old.is_scalar() && new.is_scalar() && !is_settled {
        *new = Value::scalar(Scalar::UNKNOWN, new.origin);
    }
}
