//! Programs with one thing changed: what makes a verifier wrong is rarely in programs that were
//! written to be right.

use super::objects::Source;
use bpfc_base::{SourceMap, Span};
use bpfc_isa::{AluOp, Insn, JmpOp, Reg, Src};
use bpfc_object::{FuncId, ObjInsn, Object};
use bpfc_testkit::fuzz::Random;

/// About `n` changed programs of `sources`, the same for the same seed. What is changed in a program depends on nothing
/// but the program's name: a new one changes nothing in those of others.
pub fn all(sources: &[Source], n: usize, seed: u64) -> Vec<Source> {
    let programs: Vec<(&Source, FuncId, &str)> = sources
        .iter()
        .flat_map(|source| source.programs().map(move |(id, func)| (source, id, &*func.name)))
        .collect();
    let n_programs = programs.len().max(1);
    let mut found = Vec::new();
    for (source, func, name) in programs {
        let mut random = Random::new(seed ^ digest(&source.name) ^ digest(name).rotate_left(1));
        let is_extra = random.below(n_programs) < n % n_programs;
        for idx in 0..n / n_programs + usize::from(is_extra) {
            found.extend(mutation(source, func, idx, &mut random));
        }
    }
    found
}

/// FNV-1a, the same on every machine.
fn digest(text: &str) -> u64 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

/// One changed program, unless nothing can be changed in it.
fn mutation(source: &Source, func: FuncId, idx: usize, random: &mut Random) -> Option<Source> {
    /// Some instructions cannot be changed.
    const N_TRIES: usize = 20;
    let mut object = alone(&source.object, func);
    // Of what is changed the source says nothing.
    let all = object.functions.iter_mut().flat_map(|function| &mut function.insns);
    all.for_each(|insn| insn.span = Span::NONE);
    let insns = &mut object.functions[func].insns;
    let (at, what) = (0..N_TRIES).find_map(|_| {
        let at = random.below(insns.len());
        Some((at, change(insns.get_mut(at)?, random)?))
    })?;
    let name = format!("{} #{idx} {what} {at}", source.name);
    Some(Source { name, object, sources: SourceMap::default(), only: Some(func) })
}

/// The object, without the instructions of its other programs.
fn alone(object: &Object, func: FuncId) -> Object {
    let mut object = object.clone();
    let others: Vec<FuncId> =
        object.programs().map(|(id, _)| id).filter(|id| *id != func).collect();
    for other in others {
        object.functions[other].insns = vec![
            ObjInsn::new(Insn::Alu {
                width: bpfc_isa::Width::W64,
                op: AluOp::Mov,
                dst: Reg::R0,
                src: Src::Imm(0),
            }),
            ObjInsn::new(Insn::Exit),
        ];
    }
    object
}

/// Changes an instruction; what was done, if it is one that can be changed.
fn change(insn: &mut ObjInsn, random: &mut Random) -> Option<&'static str> {
    if insn.reloc.is_some() || insn.core.is_some() {
        return None;
    }
    let nothing = Insn::Jump { off: 0 };
    let (changed, what) = match insn.insn {
        Insn::JumpIf { width, op, dst, src, off } => match random.below(6) {
            0 | 1 => (nothing, "without check"),
            2 => (Insn::Jump { off }, "always jumps"),
            3 => (Insn::JumpIf { width, op: other_jump(op, random), dst, src, off }, "other check"),
            4 => (Insn::JumpIf { width, op, dst, src: number(src, random), off }, "other bound"),
            _ => (Insn::JumpIf { width, op, dst: register(random), src, off }, "checks another"),
        },
        Insn::Alu { width, op, dst, src } => match random.below(5) {
            0 => (nothing, "without operation"),
            1 => (Insn::Alu { width, op: other_alu(op, random), dst, src }, "other operation"),
            2 => (Insn::Alu { width, op, dst: register(random), src }, "other destination"),
            _ => (Insn::Alu { width, op, dst, src: number(src, random) }, "other operand"),
        },
        Insn::Load { ty, dst, base, off } => match random.below(4) {
            0 => (nothing, "without load"),
            1 => (Insn::Load { ty, dst, base: register(random), off }, "loads elsewhere"),
            2 => (Insn::Load { ty, dst: register(random), base, off }, "loads into another"),
            _ => (Insn::Load { ty, dst, base, off: offset(off, random) }, "loads at"),
        },
        Insn::Store { size, base, off, src } => match random.below(4) {
            0 | 1 => (nothing, "without store"),
            2 => (Insn::Store { size, base, off: offset(off, random), src }, "stores at"),
            _ => (Insn::Store { size, base: register(random), off, src }, "stores elsewhere"),
        },
        Insn::Call(bpfc_isa::Callee::Helper(_)) => (nothing, "without call"),
        Insn::SignExtend { .. }
        | Insn::ByteSwap { .. }
        | Insn::Neg { .. }
        | Insn::Atomic { .. } => (nothing, "without instruction"),
        _ => return None,
    };
    let is_other = changed != insn.insn;
    insn.insn = changed;
    is_other.then_some(what)
}

fn register(random: &mut Random) -> Reg {
    *random.pick(&Reg::ALL)
}

fn number(src: Src, random: &mut Random) -> Src {
    match src {
        Src::Reg(_) => match random.below(2) {
            0 => Src::Reg(register(random)),
            _ => Src::Imm(random.below(64) as i32),
        },
        Src::Imm(value) => Src::Imm(match random.below(7) {
            0 => value.wrapping_add(1),
            1 => value.wrapping_sub(1),
            2 => value.wrapping_mul(2),
            3 => value.wrapping_neg(),
            4 => !value,
            5 => value.wrapping_add(8),
            _ => random.below(1 << 20) as i32,
        }),
    }
}

fn offset(off: i16, random: &mut Random) -> i16 {
    let by = *random.pick(&[1, -1, 4, -4, 8, -8, 64, 512]);
    off.wrapping_add(by)
}

fn other_jump(op: JmpOp, random: &mut Random) -> JmpOp {
    let all = [JmpOp::Eq, JmpOp::Ne, JmpOp::Gt, JmpOp::Lt, JmpOp::Le, JmpOp::SGt, JmpOp::SLt];
    let other = *random.pick(&all);
    if other == op { JmpOp::Ge } else { other }
}

fn other_alu(op: AluOp, random: &mut Random) -> AluOp {
    let all = [AluOp::Add, AluOp::Sub, AluOp::And, AluOp::Or, AluOp::Xor, AluOp::Mul, AluOp::Mov];
    let other = *random.pick(&all);
    if other == op { AluOp::Lsh } else { other }
}
