//! How an instruction changes the state, given that the state meets the instruction's obligations.
//!
//! Requires: every obligation of the instruction was discharged.
//! Ensures: the new state holds for every concrete run that the old one held for.

mod alu;
mod call;
mod callback;
mod jump;
mod kfunc;
mod memory;
mod sanitize;
mod scope;
mod typed;

pub use alu::displace;

use crate::fault::Fault;
use crate::program::{Operand, Program, Variable, section_call};
use crate::state::{Kind, MapIdx, Place, StackSlot, State, Value};
use bpfc_isa::{Callee, Insn, Reg, RegSet, Wide};
use bpfc_kabi::{KfuncFlags, ProgType};
use std::collections::{BTreeMap, BTreeSet};

/// Where control goes.
pub enum Next {
    /// To one instruction.
    Goto(u32),
    /// To two: the state itself falls through to the next instruction, its copy jumps.
    Branch(Box<State>),
    /// To two: the state itself goes on at `next`, and later the other one where it says.
    Fork {
        /// Where the state itself goes on.
        next: u32,
        /// The other one.
        other: Box<State>,
    },
    /// To the next instruction; the other state starts by itself, later and elsewhere.
    Spawn(Box<State>),
    /// Nowhere: the program, or the function that is verified by itself, ends.
    Done,
}

/// What an instruction did beside changing the state, for the comparison of states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The exact range of the number in the register mattered.
    Precise(Reg),
    /// The exact range of the number stored in the stack slot mattered.
    PreciseSlot(StackSlot),
    /// Stack slots from the first to the last were read.
    StackRead {
        /// The frame.
        frame: u8,
        /// The slot with the lowest number, at the highest address.
        first: u8,
        /// The slot with the highest number.
        last: u8,
    },
    /// A whole stack slot was overwritten.
    StackWritten(StackSlot),
    /// A frame was made, in place of what was there before.
    NewFrame(u8),
    /// The path is about to repeat something at an instruction where states are always kept ([`Op::repeats`]): numbers
    /// that changed since it was there last and whose range did not matter become unknown
    /// (`widen_imprecise_scalars`). Of a [`Next::Fork`] the other state, whose last instruction is the running one, of
    /// a [`Next::Goto`] the state itself, before the next instruction.
    ///
    /// [`Op::repeats`]: crate::program::Op::repeats
    Widen,
}

/// What lives as long as the verification of one function.
pub struct Machine<'a> {
    /// The program.
    pub program: &'a Program<'a>,
    /// What is not modelled and was met.
    pub gaps: BTreeSet<String>,
    /// What the last instruction did.
    pub marks: Vec<Mark>,
    /// The stack slot that the last instruction moved a register to or from.
    pub slot: Option<StackSlot>,
    /// Whether that is a whole register, so that the kernel notes the instruction in the history of the path.
    pub is_noted: bool,
    /// Where the numbers are that the last instruction compared, if each is in several places.
    pub links: Vec<Place>,
    /// Functions verified by themselves that were called.
    pub called: BTreeSet<u32>,
    /// What turned out to be wrong with the last instruction beside its obligations, because of another path.
    pub fault: Option<Fault>,
    /// How additions are protected against speculation, for programs without privileges.
    pub sanitations: BTreeMap<u32, sanitize::Sanitation>,
    /// The maps of tail calls.
    pub tail_call_maps: BTreeMap<u32, MapIdx>,
    next_id: u32,
}

/// How often a path goes round a loop whose end is not modelled.
const MAX_ROUNDS: u8 = 3;

impl<'a> Machine<'a> {
    /// A machine for `program`.
    pub fn new(program: &'a Program<'a>) -> Machine<'a> {
        Machine {
            program,
            gaps: BTreeSet::new(),
            marks: Vec::new(),
            slot: None,
            is_noted: false,
            links: Vec::new(),
            called: BTreeSet::new(),
            fault: None,
            sanitations: BTreeMap::new(),
            tail_call_maps: BTreeMap::new(),
            next_id: 0,
        }
    }

    /// An id that nothing has yet.
    pub fn fresh_id(&mut self) -> u32 {
        self.next_id += 1;
        self.next_id
    }

    /// Runs the instruction at `state.insn_idx`.
    pub fn execute(&mut self, state: &mut State) -> Next {
        self.marks.clear();
        self.slot = None;
        self.is_noted = false;
        self.links.clear();
        let insn_idx = state.insn_idx;
        let program = self.program;
        let op = &program.code[insn_idx as usize];
        let insn = op.insn;
        match insn {
            Insn::Alu { op, dst, src, .. } => {
                let other = self.fork(state, op, dst, src);
                self.alu(state, insn);
                if let Some(other) = other {
                    return Next::Branch(other);
                }
            }
            Insn::Neg { .. }
            | Insn::SignExtend { .. }
            | Insn::CastAddrSpace { .. }
            | Insn::ByteSwap { .. } => self.alu(state, insn),
            Insn::LoadImm64 { dst, value } => {
                let value = self.address(insn_idx, op.operand, value);
                state.set(dst, value);
            }
            Insn::Load { .. }
            | Insn::LoadAcquire { .. }
            | Insn::Store { .. }
            | Insn::StoreRelease { .. }
            | Insn::Atomic { .. } => self.memory(state, op.insn),
            Insn::LoadPacket { .. } => {
                let fails = self.packet_load_fails(state);
                forget(state, RegSet::CALLER_SAVED);
                let number = crate::domain::Scalar::UNKNOWN;
                state.set(Reg::R0, Value::scalar(number, insn_idx));
                if let Some(other) = fails {
                    return Next::Fork { next: insn_idx + 1, other };
                }
            }
            Insn::Jump { .. } | Insn::JumpLong { .. } => {
                return Next::Goto(op.target.unwrap_or(insn_idx + 1));
            }
            Insn::JumpIf { width, op: condition, dst, src, .. } => {
                let target = op.target.unwrap_or(insn_idx + 1);
                return self.jump(state, width, condition, dst, src, target);
            }
            Insn::MayGoto { .. } => {
                let target = op.target.unwrap_or(insn_idx + 1);
                return self.may_goto(state, target);
            }
            Insn::Call(callee) => return self.call(state, callee, op.operand),
            Insn::Exit => return self.exit(state),
        }
        Next::Goto(insn_idx + 1)
    }

    fn address(&self, insn_idx: u32, operand: Operand, value: Wide) -> Value {
        match (operand, value) {
            (Operand::Map(map), _) => Value::pointer(Kind::Map(map), insn_idx),
            (Operand::MapValue(map, off), _) => {
                Value { off: off as i32, ..Value::pointer(Kind::MapValue(map), insn_idx) }
            }
            (Operand::Func(func), _) => Value::pointer(Kind::Func(func), insn_idx),
            (Operand::Kfunc(_), _) => {
                let kind = Kind::Mem { size_bytes: 0, is_read_only: true, is_record: false };
                Value::pointer(kind, insn_idx)
            }
            (Operand::Variable(idx), _) => match self.program.of_kernel.as_ref() {
                Some(kernel) => variable(kernel.variables[idx as usize], insn_idx),
                None => Value::unknown(insn_idx),
            },
            (Operand::None, Wide::Value(number)) => {
                Value::scalar(crate::domain::Scalar::constant(number), insn_idx)
            }
            _ => Value::unknown(insn_idx),
        }
    }

    /// The budget of such a loop is the kernel's business: both ways are possible, the jump first.
    fn may_goto(&mut self, state: &mut State, target: u32) -> Next {
        let mut other = Box::new(state.clone());
        other.insn_idx += 1;
        other.n_may_goto += 1;
        self.marks.push(Mark::Widen);
        Next::Fork { next: target, other }
    }

    /// Counts a round of a loop whose end is not modelled; false when it was enough.
    fn another_round(&mut self, state: &mut State) -> bool {
        let insn_idx = state.insn_idx;
        match state.rounds.iter_mut().find(|(at, _)| *at == insn_idx) {
            Some((_, n_rounds)) => {
                *n_rounds += 1;
                *n_rounds <= MAX_ROUNDS
            }
            None => {
                state.rounds.push((insn_idx, 1));
                true
            }
        }
    }

    fn call(&mut self, state: &mut State, callee: Callee, operand: Operand) -> Next {
        match (callee, operand) {
            (Callee::Helper(id), _) => self.call_helper(state, id),
            (Callee::Local { .. }, Operand::Func(func)) => self.call_function(state, func),
            (_, Operand::Kfunc(func)) => self.call_kfunc(state, func),
            _ => self.call_kernel(state),
        }
    }

    /// Calls a kernel function: nothing is known of what it does but its flags.
    fn call_kernel(&mut self, state: &mut State) -> Next {
        let insn_idx = state.insn_idx;
        let name = self.program.kfunc_name(insn_idx);
        let row = name.and_then(bpfc_kabi::kfunc);
        if let Some(section) = name.and_then(section_call) {
            self.section_call(state, section);
            forget(state, RegSet::CALLER_SAVED);
            return Next::Goto(insn_idx + 1);
        }
        if name == Some("bpf_throw") {
            self.marks.push(Mark::Precise(Reg::R1));
            match (self.program.exception_callback, self.program.exception_handler()) {
                (_, Some(handler)) => {
                    self.called.insert(handler);
                }
                (Some(_), None) => {
                    self.gaps.insert("the handler of exceptions".to_owned());
                }
                (None, None) => {}
            }
            return Next::Done;
        }
        self.gaps.insert(match name {
            Some(name) => format!("kernel function `{name}`"),
            None => "kernel functions".to_owned(),
        });
        if row.is_some_and(|row| row.flags.has(KfuncFlags::ITER_NEXT)) && !self.another_round(state)
        {
            return Next::Done;
        }
        for reg in Reg::ARGS {
            let value = *state.reg(reg);
            self.havoc_behind(state, &value);
            // It may be what the function gives back.
            state.held.retain(|held| held.id != value.ref_id);
        }
        forget(state, RegSet::CALLER_SAVED);
        state.set(Reg::R0, Value::unknown(insn_idx));
        Next::Goto(insn_idx + 1)
    }

    /// Ends a function.
    fn exit(&mut self, state: &mut State) -> Next {
        if state.depth() == 0 {
            let by_hook =
                matches!(self.program.prog_type, Some(ProgType::Lsm | ProgType::StructOps));
            let is_known = self.program.of_kernel.as_ref().is_some_and(|k| k.hook.is_some());
            if by_hook && !is_known && state.top().func == 0 {
                self.gaps.insert("the result that the hook wants".to_owned());
            }
            let frame = state.top();
            let is_program = frame.func == 0 && crate::discharge::is_result_checked(self.program);
            if is_program || frame.callback.is_some() {
                self.marks.push(Mark::Precise(Reg::R0));
            }
            return Next::Done;
        }
        if state.top().callback.is_some() {
            return self.leave_callback(state);
        }
        let result = *state.reg(Reg::R0);
        let call_site = state.top().call_site;
        state.frames.pop();
        state.set(Reg::R0, result);
        Next::Goto(call_site + 1)
    }
}

/// Makes registers of the running function unreadable.
fn forget(state: &mut State, regs: RegSet) {
    for reg in regs.iter() {
        state.set(reg, Value::UNINIT);
    }
}

/// The address of a variable of the kernel.
fn variable(variable: Variable, insn_idx: u32) -> Value {
    match variable {
        Variable::Object(ty, flags) => Value::object(ty, flags, insn_idx),
        Variable::Data(size_bytes) => {
            let kind = Kind::Mem { size_bytes, is_read_only: true, is_record: false };
            Value::pointer(kind, insn_idx)
        }
        Variable::Address => Value::scalar(crate::domain::Scalar::UNKNOWN, insn_idx),
    }
}
