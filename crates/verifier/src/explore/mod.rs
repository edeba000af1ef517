//! The walk over all paths: runs instruction after instruction, keeps the ways not taken for later,
//! and stops at states that were seen before.
//!
//! Requires: a program whose structure was checked ([`structure`]).
//! Ensures: ends after as many instructions as it is given, with the first fault on
//! the first path that has one, or with none.

mod checkpoint;
pub mod depth;
mod equal;
mod history;
mod hot;
mod liveness;
mod loops;
mod precision;
mod replay;
pub mod structure;

use crate::Observed;
use crate::discharge::{concerns_privileges, discharge};
use crate::fault::{Fault, FaultKind, Limit};
use crate::obligation::{Obligation, obligations};
use crate::program::{Op, Param, Program};
use crate::state::{CallbackFrame, Frame, Kind, PtrFlags, Scopes, Stack, State, Step, Value};
use crate::transfer::{Machine, Mark, Next};
use bpfc_btf::TypeId;
use bpfc_isa::{Insn, Reg};
use bpfc_kabi::ObjectKind;
use bpfc_kabi::limits::MAX_JUMP_SEQUENCE;
use checkpoint::{Checkpoints, Progress, Visit};
pub use equal::Mismatch;
use history::History;
pub use hot::{Difference, Hot};
pub use replay::Replay;
use std::rc::Rc;

/// The first fault of a program.
#[derive(Clone, Debug)]
pub struct Found {
    /// What is wrong.
    pub fault: Fault,
    /// The instruction whose obligation it breaks.
    pub insn_idx: u32,
    /// What ran before it, from the start.
    pub trace: Vec<Step>,
    /// Where the time went, if the program is too complex.
    pub hot: Option<Hot>,
}

/// What the walk cost.
#[derive(Clone, Debug, Default)]
pub struct Cost {
    /// Instructions looked at.
    pub n_insns: u32,
    /// States kept in total.
    pub n_states: u32,
    /// States kept at a time, at most.
    pub n_peak_states: u32,
    /// Per function, bytes of stack.
    pub stack_bytes: Vec<u32>,
    /// Per instruction, how often it was looked at.
    pub visits: Vec<u32>,
    /// Bytes of memory for kept states and for paths not taken yet, at most; an estimate.
    pub peak_bytes: u64,
}

/// One path in progress.
#[derive(Clone, Debug)]
pub struct Path {
    /// Where it is.
    pub state: State,
    /// The last state that was kept on it.
    pub parent: Option<usize>,
    /// What ran since then.
    pub history: History,
    /// How much of that the kernel would note: jumps and what accesses the stack.
    pub n_noted: u32,
    /// Per frame, the stack slots overwritten since then.
    pub written: Vec<u64>,
    /// Bytes of memory while it waits, about.
    pub n_bytes: u64,
}

/// Memory for states and waiting paths, at most: what must not be passed is 500 MB for the whole process.
const MAX_MEBIBYTES: u32 = 300;

impl Path {
    fn start(state: State) -> Path {
        Path {
            state,
            parent: None,
            history: History::default(),
            n_noted: 0,
            written: vec![0],
            n_bytes: 0,
        }
    }
}

/// Walks over the paths of one program and of the functions verified by themselves.
pub struct Explorer<'p, 'a> {
    program: &'p Program<'a>,
    machine: Machine<'p>,
    obligations: Vec<Vec<Obligation>>,
    pending: Vec<Path>,
    observed: Vec<Observed>,
    checkpoints: Checkpoints,
    /// Bytes of memory for the paths that wait.
    pending_bytes: u64,
    max_insns: u32,
    cost: Cost,
    n_jumps: u32,
    /// Per instruction, the kind of pointer that it accessed memory through.
    pointer_kinds: Vec<Option<PointerKind>>,
}

/// Kinds of pointers that one instruction cannot have both of: accesses through them are rewritten
/// when the program is loaded (`reg_type_mismatch`, Linux 6.12 `kernel/bpf/verifier.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PointerKind {
    /// Rewritten as an access to the real context.
    Ctx,
    /// Rewritten as an access to the real object.
    Object(ObjectKind),
    /// Left as it is.
    Plain,
}

impl<'p, 'a> Explorer<'p, 'a> {
    /// An explorer that gives up after `max_insns` instructions.
    pub fn new(program: &'p Program<'a>, max_insns: u32) -> Explorer<'p, 'a> {
        Explorer {
            program,
            machine: Machine::new(program),
            obligations: program.code.iter().map(|op| demands(program, op)).collect(),
            pending: Vec::new(),
            observed: Vec::new(),
            checkpoints: Checkpoints::new(program),
            pending_bytes: 0,
            max_insns,
            cost: Cost {
                stack_bytes: vec![0; program.funcs.len()],
                visits: vec![0; program.code.len()],
                ..Cost::default()
            },
            n_jumps: 0,
            pointer_kinds: vec![None; program.code.len()],
        }
    }

    /// Walks over the paths of function `func`, called from outside.
    pub fn explore(&mut self, func: u32) -> Result<(), Box<Found>> {
        self.checkpoints.clear();
        self.pending.clear();
        self.pending_bytes = 0;
        let state = self.entry(func);
        self.pending.push(Path::start(state));
        while let Some(path) = self.pending.pop() {
            self.pending_bytes -= path.n_bytes;
            self.walk(path)?;
        }
        Ok(())
    }

    /// What was met that is not modelled.
    pub fn gaps(&self) -> impl Iterator<Item = &String> {
        self.machine.gaps.iter()
    }

    /// Whether a path calls this function, which is verified by itself.
    pub fn is_called(&self, func: u32) -> bool {
        self.machine.called.contains(&func)
    }

    /// What was written down, if it was.
    pub fn take_observed(&mut self) -> Vec<Observed> {
        std::mem::take(&mut self.observed)
    }

    fn observe(&mut self, state: &State) {
        let number = |value: &Value| value.is_scalar().then_some(value.number);
        self.observed.push(Observed {
            insn_idx: state.insn_idx,
            depth: u32::from(state.depth()),
            numbers: std::array::from_fn(|idx| number(&state.top().regs[idx])),
        });
    }

    /// What it cost so far.
    pub fn cost(&self) -> &Cost {
        &self.cost
    }

    /// The state in which a function is entered from outside.
    fn entry(&mut self, func: u32) -> State {
        let info = &self.program.funcs[func as usize];
        let is_handler = func > 0 && self.program.exception_handler() == Some(func);
        let mut regs = [Value::UNINIT; 11];
        regs[10] = Value::pointer(Kind::Stack { frame: 0 }, info.start);
        match &info.contract {
            Some(contract) if func != 0 => {
                for (param, reg) in contract.params.iter().zip(Reg::ARGS) {
                    regs[usize::from(reg.number())] = self.parameter(*param, info.start);
                }
            }
            _ => {
                regs[1] = match self.program.prog_type {
                    Some(_) => Value::pointer(Kind::Ctx, info.start),
                    None => Value::unknown(info.start),
                };
            }
        }
        State {
            frames: vec![Rc::new(Frame {
                func,
                call_site: 0,
                regs,
                stack: Stack::default(),
                callback: is_handler.then_some(CallbackFrame {
                    min: 0,
                    max: 0,
                    is_async: false,
                    is_exception: true,
                }),
                n_called_back: 0,
            })],
            held: Vec::new(),
            scopes: Scopes { is_sleepable: self.program.is_sleepable, ..Scopes::default() },
            n_unrolled: 0,
            n_may_goto: 0,
            n_async: 0,
            insn_idx: info.start,
            rounds: Vec::new(),
        }
    }

    /// The kernel's struct that one of the object's own stands for.
    fn of_kernel(&self, ty: TypeId) -> Option<TypeId> {
        self.program.of_kernel.as_ref()?.of_own(ty)
    }

    fn parameter(&mut self, param: Param, origin: u32) -> Value {
        match param {
            Param::Scalar | Param::Arena => Value::scalar(crate::domain::Scalar::UNKNOWN, origin),
            Param::Ctx => Value::pointer(Kind::Ctx, origin),
            Param::Dynptr if self.program.of_kernel.is_some() => {
                let id = self.machine.fresh_id();
                Value { id, ..Value::pointer(Kind::Dynptr, origin) }
            }
            Param::Object { ty, is_nullable, is_trusted } if self.of_kernel(ty).is_some() => {
                let ty = self.of_kernel(ty).unwrap_or(ty);
                let flags = if is_trusted { PtrFlags::TRUSTED } else { PtrFlags::UNTRUSTED };
                let id = if is_nullable { self.machine.fresh_id() } else { 0 };
                Value { id, is_nullable, ..Value::object(ty, flags, origin) }
            }
            Param::Unknown | Param::Dynptr | Param::Object { .. } => {
                self.machine.gaps.insert("kernel objects passed to global functions".to_owned());
                Value::unknown(origin)
            }
            Param::Mem { size_bytes, is_nullable } => {
                let kind = Kind::Mem { size_bytes, is_read_only: false, is_record: false };
                Value {
                    is_nullable,
                    id: if is_nullable { self.machine.fresh_id() } else { 0 },
                    ..Value::pointer(kind, origin)
                }
            }
        }
    }

    /// Asks what the next instruction demands.
    fn demand(&mut self, path: &Path) -> Result<(), Box<Found>> {
        for obligation in &self.obligations[path.state.insn_idx as usize] {
            if let Err(fault) = discharge(self.program, &path.state, obligation) {
                return Err(self.found(path, fault));
            }
            if let Obligation::Access(access) = obligation
                && let Some(fault) = mixed_kinds(&mut self.pointer_kinds, &path.state, access.base)
            {
                return Err(self.found(path, fault));
            }
        }
        Ok(())
    }

    /// Follows one path to its end.
    fn walk(&mut self, mut path: Path) -> Result<(), Box<Found>> {
        loop {
            let insn_idx = path.state.insn_idx;
            self.cost.n_insns += 1;
            if self.cost.n_insns > self.max_insns {
                return Err(self.too_complex(&path, Limit::Insns(self.max_insns)));
            }
            self.cost.visits[insn_idx as usize] += 1;
            let op = &self.program.code[insn_idx as usize];
            if self.program.observes {
                self.observe(&path.state);
            } else if op.is_prune_point {
                match self.visit(&mut path) {
                    Visit::New => self.measure_memory(&path)?,
                    Visit::Known => break,
                    Visit::Loop => {
                        return Err(self.found(&path, Fault::alone(FaultKind::EndlessLoop)));
                    }
                }
            }
            self.demand(&path)?;
            if op.insn.jump_offset().is_some() || matches!(op.insn, Insn::Call(_) | Insn::Exit) {
                self.n_jumps += 1;
            }
            let frame = path.state.depth();
            if matches!(op.insn, Insn::Exit) {
                self.measure(&path.state);
            }
            if frame > 0 && op.insn == Insn::Exit {
                self.checkpoints.liveness.update(self.program, &path.state);
            }
            self.checkpoints.liveness.begin(self.program, &path.state);
            let mut next = self.machine.execute(&mut path.state);
            if let Some(fault) = self.machine.fault.take() {
                path.state.insn_idx = insn_idx;
                return Err(self.found(&path, fault));
            }
            self.take_marks(&mut path, frame, &mut next);
            match path.state.depth() == frame {
                true => self.checkpoints.liveness.commit(),
                false => self.checkpoints.liveness.leave(),
            }
            let links = self.checkpoints.links.intern(&self.machine.links);
            path.history.push(Step { insn_idx, frame, slot: self.machine.slot, links });
            let is_noted = op.is_jump_point || self.machine.is_noted || links != 0;
            path.n_noted += u32::from(is_noted);
            match next {
                Next::Goto(next) => path.state.insn_idx = next,
                Next::Done => break,
                Next::Spawn(other) => {
                    path.state.insn_idx = insn_idx + 1;
                    if self.pending.len() >= MAX_JUMP_SEQUENCE as usize {
                        let limit = Limit::Jumps(MAX_JUMP_SEQUENCE);
                        return Err(self.too_complex(&path, limit));
                    }
                    self.pending.push(Path::start(*other));
                }
                Next::Fork { .. } | Next::Branch(_) => {
                    let (next, other) = match next {
                        Next::Fork { next, other } => (next, other),
                        Next::Branch(other) => (insn_idx + 1, other),
                        _ => unreachable!("the arm"),
                    };
                    path.state.insn_idx = next;
                    self.fork(&mut path, *other)?;
                }
            }
        }
        self.measure(&path.state);
        self.checkpoints.end(self.program, path.parent);
        self.checkpoints.liveness.update(self.program, &path.state);
        Ok(())
    }

    /// Another path goes on from where `path` is, in the state `other`; it waits.
    fn fork(&mut self, path: &mut Path, other: State) -> Result<(), Box<Found>> {
        if self.pending.len() >= MAX_JUMP_SEQUENCE as usize {
            return Err(self.too_complex(path, Limit::Jumps(MAX_JUMP_SEQUENCE)));
        }
        self.checkpoints.fork(path.parent);
        let n_bytes = checkpoint::own_bytes(&other) + size_of::<Path>() as u64;
        self.pending_bytes += n_bytes;
        self.pending.push(Path {
            state: other,
            parent: path.parent,
            history: path.history.fork(),
            n_noted: path.n_noted,
            written: path.written.clone(),
            n_bytes,
        });
        self.measure_memory(path)
    }

    fn visit(&mut self, path: &mut Path) -> Visit {
        let progress = Progress { n_insns: self.cost.n_insns, n_jumps: self.n_jumps };
        let visit = self.checkpoints.visit(self.program, path, progress);
        self.cost.n_states = self.checkpoints.n_made();
        self.cost.n_peak_states = self.cost.n_peak_states.max(self.checkpoints.n_kept());
        visit
    }

    /// Tells the kept states what the last instruction did.
    fn take_marks(&mut self, path: &mut Path, frame: u8, next: &mut Next) {
        let mut marks = std::mem::take(&mut self.machine.marks);
        let uses_liveness = self.checkpoints.uses_liveness;
        for mark in marks.drain(..) {
            match mark {
                Mark::StackRead { frame, first, last } => {
                    let bits = bits(first, last);
                    self.checkpoints.liveness.read(frame, bits);
                    if !uses_liveness {
                        self.checkpoints.mark_read(path, frame, bits);
                    }
                }
                Mark::StackWritten(slot) => {
                    self.checkpoints.liveness.write(slot.frame, slot.slot);
                    if let Some(written) = path.written.get_mut(usize::from(slot.frame)) {
                        *written |= 1 << slot.slot;
                    }
                }
                Mark::NewFrame(frame) => {
                    path.written.truncate(usize::from(frame));
                    path.written.push(!0);
                }
                Mark::PreciseSlot(slot) => {
                    self.checkpoints.mark_slot_precise(self.program, &path.origin(), slot);
                }
                Mark::Widen => {
                    let running = path.state.insn_idx;
                    let parent = self.checkpoints.get(path.parent);
                    let (state, insn_idx, before) = match next {
                        // The last state was kept just now, before the running instruction.
                        Next::Fork { other, .. } => {
                            (&mut **other, running, parent.and_then(|parent| parent.parent))
                        }
                        Next::Goto(next) => (&mut path.state, *next, path.parent),
                        _ => continue,
                    };
                    self.checkpoints.widen(before, insn_idx, state);
                }
                Mark::Precise(reg) => {
                    self.checkpoints.mark_precise(self.program, &path.origin(), frame, reg);
                }
            }
        }
        self.machine.marks = marks;
    }

    /// Notes how much memory is in use; an error if it is too much.
    fn measure_memory(&mut self, path: &Path) -> Result<(), Box<Found>> {
        let n_bytes = self.checkpoints.n_bytes() + self.pending_bytes;
        self.cost.peak_bytes = self.cost.peak_bytes.max(n_bytes);
        match n_bytes >> 20 > u64::from(MAX_MEBIBYTES) {
            true => Err(self.too_complex(path, Limit::Memory(MAX_MEBIBYTES))),
            false => Ok(()),
        }
    }

    /// Notes how much stack each function uses.
    fn measure(&mut self, state: &State) {
        for frame in &state.frames {
            let bytes = &mut self.cost.stack_bytes[frame.func as usize];
            *bytes = (*bytes).max(frame.stack.slots.len() as u32 * 8);
        }
    }

    fn too_complex(&self, path: &Path, limit: Limit) -> Box<Found> {
        let mut found = self.found(path, Fault::alone(FaultKind::TooComplex(limit)));
        found.hot = self.hottest();
        found
    }

    fn found(&self, path: &Path, fault: Fault) -> Box<Found> {
        Box::new(Found {
            fault,
            insn_idx: path.state.insn_idx,
            trace: self.checkpoints.trace(path),
            hot: None,
        })
    }
}

/// The instruction accesses memory through a kind of pointer, and did through another on another path.
fn mixed_kinds(kinds: &mut [Option<PointerKind>], state: &State, base: Reg) -> Option<Fault> {
    let value = state.reg(base);
    let kind = match value.kind {
        Kind::Ctx => PointerKind::Ctx,
        Kind::Object(object) => PointerKind::Object(object),
        Kind::Stack { .. } | Kind::MapValue(_) | Kind::Packet | Kind::PacketMeta => {
            PointerKind::Plain
        }
        Kind::Mem { .. } => PointerKind::Plain,
        _ => return None,
    };
    let known = kinds.get_mut(state.insn_idx as usize)?;
    let is_mixed = known.is_some_and(|known| known != kind);
    *known = Some(kind);
    is_mixed.then(|| Fault::of(FaultKind::MixedKinds, Some(base), *value))
}

/// What an instruction demands in this program.
fn demands(program: &Program<'_>, op: &Op) -> Vec<Obligation> {
    let mut all = obligations(op);
    if program.is_unprivileged && concerns_privileges(op) {
        all.push(Obligation::Privileged);
    }
    all
}

fn bits(first: u8, last: u8) -> u64 {
    let n_bits = u32::from(last.saturating_sub(first)) + 1;
    let ones = if n_bits >= 64 { !0 } else { (1 << n_bits) - 1 };
    ones << (first & 63)
}
