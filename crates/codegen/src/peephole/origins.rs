//! Where pointers come from: what the verifier knows a register as, as far as instructions say.
//!
//! It notes at an instruction what its pointer is, and may refuse another kind on another path
//! (`save_aux_ptr_type`, `kernel/bpf/verifier.c`). Two instructions of which this module says the
//! same need the same.

use crate::ir::Callee;
use crate::mach::{AnyReg, Base, BlockId, Func, Inst, Op, Source, Symbol, VReg};
use bpfc_base::IndexVec;
use bpfc_isa::{AluOp, LoadType, Reg, Width};
use bpfc_kabi::{ArgKind, RetKind, helper_by_id};
use rustc_hash::FxHashMap;

/// What an instruction asks of its registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// Nothing that the verifier notes.
    Nothing,
    /// A pointer of this origin.
    Origin(u32),
    /// A pointer that may come from anywhere.
    Unknown,
}

/// How a register came by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Origin {
    /// No pointer.
    Number,
    /// The register was this one when the function started.
    Entry(Reg),
    /// Part of the stack frame.
    Frame,
    Symbol(Symbol),
    /// Another one, and an offset.
    Plus(u32, i32),
    /// Another one that is a pointer, and a number that is not known here.
    PlusAny(u32),
    Loaded(u32, i32, LoadType),
    /// The result of a helper, for this map if the number is not 0.
    Result(u32, u32),
}

/// What is known of a register: the number of its origin, 0 if nothing is.
type Known = [u32; VReg::FIRST];

/// Numbers of origins, from 1.
#[derive(Default)]
struct Origins {
    numbers: FxHashMap<Origin, u32>,
    /// Whether each is surely a pointer.
    is_pointer: Vec<bool>,
}

/// The needs of all instructions, as lists beside those of the blocks.
pub fn find_needs(func: &Func<Reg>) -> IndexVec<BlockId, Vec<Need>> {
    let mut origins = Origins::default();
    let mut at_start: IndexVec<BlockId, Option<Known>> =
        IndexVec::from_elem(None, func.blocks.len());
    let mut entry = [0; VReg::FIRST];
    for reg in Reg::ARGS {
        entry[AnyReg::number(reg)] = origins.number(Origin::Entry(reg));
    }
    at_start[func.entry()] = Some(entry);
    let mut changed = true;
    while changed {
        changed = false;
        for &id in &func.layout {
            let Some(mut known) = at_start[id] else {
                continue;
            };
            for inst in &func.blocks[id].insts {
                origins.step(inst, &mut known);
            }
            for next in func.blocks[id].term.successors() {
                changed |= join(&mut at_start[next], &known);
            }
        }
    }
    let mut needs = IndexVec::from_elem(Vec::new(), func.blocks.len());
    for &id in &func.layout {
        if let Some(mut known) = at_start[id] {
            let insts = func.blocks[id].insts.iter();
            needs[id] = insts.map(|inst| origins.step(inst, &mut known)).collect();
        }
    }
    needs
}

/// Keeps what holds on all paths; whether the state changed.
fn join(at_start: &mut Option<Known>, known: &Known) -> bool {
    let Some(old) = at_start else {
        *at_start = Some(*known);
        return true;
    };
    let before = *old;
    for (old, new) in old.iter_mut().zip(known) {
        if old != new {
            *old = 0;
        }
    }
    *old != before
}

impl Origins {
    fn number(&mut self, origin: Origin) -> u32 {
        if let Some(&number) = self.numbers.get(&origin) {
            return number;
        }
        self.is_pointer.push(match origin {
            Origin::Frame | Origin::Symbol(_) | Origin::PlusAny(_) | Origin::Result(..) => true,
            Origin::Plus(base, _) => self.is_pointer[base as usize - 1],
            Origin::Number | Origin::Entry(_) | Origin::Loaded(..) => false,
        });
        let number = self.is_pointer.len() as u32;
        self.numbers.insert(origin, number);
        number
    }

    /// Follows an instruction, and says what it needs.
    fn step(&mut self, inst: &Inst<Reg>, known: &mut Known) -> Need {
        let need = match inst.op {
            Op::Load { address, .. }
            | Op::Store { address, .. }
            | Op::LoadAcquire { address, .. }
            | Op::StoreRelease { address, .. }
            | Op::Atomic { address, .. } => match address.base {
                Base::Reg(base) => origin_of(known, base),
                Base::Slot(_) => Need::Nothing,
            },
            Op::Call { callee: Callee::Helper(number), .. } => map_of(number, known),
            // It may be a kfunc, of which the verifier notes what it is called with.
            Op::Call { .. } => Need::Unknown,
            _ => Need::Nothing,
        };
        let result = self.result(inst, known, need);
        for reg in inst.op.implicit_defs().iter() {
            known[AnyReg::number(reg)] = 0;
        }
        inst.op.for_each_reg(|reg, role| {
            if role.is_def() {
                known[AnyReg::number(reg)] = 0;
            }
        });
        if let Some((reg, number)) = result {
            known[AnyReg::number(reg)] = number;
        }
        need
    }

    /// The register that an instruction writes, and the number of its origin.
    fn result(&mut self, inst: &Inst<Reg>, known: &Known, need: Need) -> Option<(Reg, u32)> {
        let of = |reg: Reg| known[AnyReg::number(reg)];
        let number = self.number(Origin::Number);
        Some(match inst.op {
            Op::Alu { width: Width::W32, dst, .. } => (dst, number),
            Op::Alu { op: AluOp::Mov, dst, src, .. } => match src {
                Source::Reg(src) => (dst, of(src)),
                Source::Imm(_) => (dst, number),
            },
            Op::Alu { op: AluOp::Add, dst, src, .. } => match (of(dst), src) {
                (0, _) => (dst, 0),
                (old, Source::Imm(_)) if old == number => (dst, number),
                (old, Source::Imm(_)) if inst.core.is_some() => {
                    // The offset is another on each kernel.
                    let is_pointer = self.is_pointer[old as usize - 1];
                    (dst, if is_pointer { self.number(Origin::PlusAny(old)) } else { 0 })
                }
                (old, Source::Imm(imm)) => (dst, self.number(Origin::Plus(old, imm))),
                (old, Source::Reg(_)) if self.is_pointer[old as usize - 1] => {
                    (dst, self.number(Origin::PlusAny(old)))
                }
                (old, Source::Reg(src)) => {
                    let are_numbers = old == number && of(src) == number;
                    (dst, if are_numbers { number } else { 0 })
                }
            },
            Op::Alu { dst, src, .. } => {
                let are_numbers =
                    of(dst) == number && src.reg().is_none_or(|src| of(src) == number);
                (dst, if are_numbers { number } else { 0 })
            }
            Op::LoadImm { dst, .. } | Op::SignExtend { dst, .. } => (dst, number),
            Op::LoadSymbol { dst, symbol } => (dst, self.number(Origin::Symbol(symbol))),
            Op::SlotAddr { dst, .. } => (dst, self.number(Origin::Frame)),
            Op::Load { ty, dst, address, .. } => match need {
                Need::Origin(base) if inst.core.is_none() => {
                    (dst, self.number(Origin::Loaded(base, address.offset, ty)))
                }
                _ => (dst, 0),
            },
            Op::Call { callee: Callee::Helper(helper), .. } => {
                let map = match need {
                    Need::Origin(map) => map,
                    Need::Nothing => 0,
                    Need::Unknown => return None,
                };
                (Reg::R0, self.number(result_of(helper, map)?))
            }
            _ => return None,
        })
    }
}

fn origin_of(known: &Known, reg: Reg) -> Need {
    match known[AnyReg::number(reg)] {
        0 => Need::Unknown,
        number => Need::Origin(number),
    }
}

/// The map that a helper gets.
fn map_of(number: u32, known: &Known) -> Need {
    let Some(helper) = helper_by_id(number) else {
        return Need::Unknown;
    };
    let mut args = Reg::ARGS.into_iter().zip(helper.proto.args);
    let map = args.find(|(_, arg)| arg.kind == ArgKind::ConstMapPtr);
    map.map_or(Need::Nothing, |(reg, _)| origin_of(known, reg))
}

fn result_of(number: u32, map: u32) -> Option<Origin> {
    let helper = helper_by_id(number)?;
    match helper.proto.ret.kind {
        RetKind::Integer => Some(Origin::Number),
        // It depends on what is in the field, or in the variable.
        RetKind::Void | RetKind::Kptr | RetKind::PercpuVariable => None,
        _ => Some(Origin::Result(number, map)),
    }
}
