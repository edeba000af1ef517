//! Is a machine function well-formed? Runs after every stage in debug builds and tests.
//!
//! 1. Jumps lead to blocks of the layout, each of which is in it once.
//! 2. Every register is written on every path before it is read; `r10` is never named, as
//!    the stack frame is symbolic.
//! 3. Offsets fit, relocations are on instructions that can carry them, and instructions
//!    exist in the wanted version of the instruction set.

use super::{Address, AnyReg, Base, BlockId, Func, Inst, Liveness, Op, Term};
use bpfc_base::Idx;
use bpfc_isa::{AluOp, AtomicOp, Cpu, JmpOp, Reg, Width};

/// What is wrong with a machine function.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{func} {block}: `{line}`: {problem}")]
pub struct Invalid {
    /// Name of the function.
    pub func: String,
    /// The block.
    pub block: BlockId,
    /// The instruction in the text form.
    pub line: String,
    /// What is wrong.
    pub problem: String,
}

/// Everything that is wrong with `func`, whose registers are numbered below `n_regs` and
/// whose parameters are in `r1` to `r5`.
pub fn validate<R: AnyReg>(func: &Func<R>, n_regs: usize, cpu: Cpu) -> Vec<Invalid> {
    let mut errors = Vec::new();
    let mut in_layout = vec![0; func.blocks.len()];
    for &block in &func.layout {
        in_layout[block.index()] += 1;
    }
    for &id in &func.layout {
        let block = &func.blocks[id];
        let mut report = |line: String, problem: &str| {
            errors.push(Invalid {
                func: func.name.clone(),
                block: id,
                line,
                problem: problem.to_owned(),
            });
        };
        for inst in &block.insts {
            if let Some(problem) = problem_of_inst(inst, cpu) {
                report(inst.op.to_string(), problem);
            }
        }
        if block.term.successors().any(|next| in_layout[next.index()] != 1) {
            report(block.term.to_string(), "target is not in the layout once");
        }
        if let Some(problem) = problem_of_term(&block.term, cpu) {
            report(block.term.to_string(), problem);
        }
    }
    if errors.is_empty() {
        let live = Liveness::new(func, n_regs);
        let entry = func.entry();
        for &reg in &live.live_in[entry] {
            let is_param = Reg::ARGS.iter().any(|arg| u32::from(arg.number()) == reg);
            if !is_param {
                errors.push(Invalid {
                    func: func.name.clone(),
                    block: entry,
                    line: format!("register {reg}"),
                    problem: "may be read before it is written".into(),
                });
            }
        }
    }
    errors
}

fn problem_of_inst<R: AnyReg>(inst: &Inst<R>, cpu: Cpu) -> Option<&'static str> {
    let mut names_frame = false;
    inst.op.for_each_reg(|reg, _| names_frame |= reg.number() == usize::from(Reg::FP.number()));
    if names_frame {
        return Some("the frame pointer is named");
    }
    let is_far = |address: &Address<R>| {
        matches!(address.base, Base::Reg(_)) && i16::try_from(address.offset).is_err()
    };
    match &inst.op {
        Op::Load { ty, address, .. } => {
            if is_far(address) {
                return Some("the offset does not fit");
            }
            if ty.is_signed() && cpu < Cpu::V4 {
                return Some("sign-extending load before v4");
            }
        }
        Op::Store { address, .. } if is_far(address) => return Some("the offset does not fit"),
        Op::Atomic { op, address, .. } => {
            if is_far(address) {
                return Some("the offset does not fit");
            }
            if *op != AtomicOp::Add && cpu < Cpu::V3 {
                return Some("atomic other than addition before v3");
            }
        }
        Op::LoadAcquire { address, .. } | Op::StoreRelease { address, .. } => {
            if is_far(address) {
                return Some("the offset does not fit");
            }
            if cpu < Cpu::V4 {
                return Some("acquire or release before v4");
            }
        }
        Op::SignExtend { .. } if cpu < Cpu::V4 => return Some("sign extension before v4"),
        Op::Alu { op: AluOp::SDiv | AluOp::SMod, .. } if cpu < Cpu::V4 => {
            return Some("signed division before v4");
        }
        _ => {}
    }
    let carries = match &inst.op {
        Op::Alu { src, .. } => src.reg().is_none(),
        Op::LoadImm { .. } => true,
        Op::Load { address, .. }
        | Op::Store { address, .. }
        | Op::LoadAcquire { address, .. }
        | Op::StoreRelease { address, .. } => address.reg().is_some(),
        _ => false,
    };
    (inst.core.is_some() && !carries).then_some("cannot carry a CO-RE relocation")
}

fn problem_of_term<R: Copy>(term: &Term<R>, cpu: Cpu) -> Option<&'static str> {
    let Term::Branch { op, width, .. } = term else {
        return None;
    };
    if *width == Width::W32 && cpu < Cpu::V3 {
        return Some("32-bit condition before v3");
    }
    let is_new = matches!(op, JmpOp::Lt | JmpOp::Le | JmpOp::SLt | JmpOp::SLe);
    (is_new && cpu < Cpu::V2).then_some("condition before v2")
}
