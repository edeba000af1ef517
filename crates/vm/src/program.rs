//! Programs made ready to run: every operand is known, every jump leads to an instruction.
//!
//! Input: [`Linked`] and what its references stand for. Output: [`Program`], which both engines
//! translate further. What cannot be run, such as a call of a kernel function, becomes a step that
//! fails when it is reached, so that programs that never reach it run.

use crate::engine::rbpf::Images;
use crate::engine::reference::Translation;
use crate::fault::{FaultKind, Trap};
use crate::memory::{address, region};
use bpfc_base::Idx;
use bpfc_isa::{AtomicOp, Callee, Insn, JmpOp, LoadType, Reg, Size, SlotMap, Src, Wide, Width};
use bpfc_kabi::ProgType;
use bpfc_object::{DataId, ExternId, FuncId, Linked, Reference};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A program ready to run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Where it comes from: names, sources, the original instructions.
    pub linked: Linked,
    /// One step per instruction of `linked`.
    pub steps: Vec<Step>,
    /// The program as the reference interpreter executes it.
    pub reference: Translation,
    /// The program as rbpf executes it.
    pub rbpf: Images,
}

/// One instruction. Targets are indices of steps, addresses are virtual.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// Arithmetic, as in [`Insn::Alu`], [`Insn::Neg`], [`Insn::SignExtend`] or [`Insn::ByteSwap`].
    Compute(Insn),
    LoadImm64 {
        dst: Reg,
        value: u64,
    },
    Load {
        ty: LoadType,
        dst: Reg,
        base: Reg,
        off: i16,
    },
    Store {
        size: Size,
        base: Reg,
        off: i16,
        src: Src,
    },
    Atomic {
        op: AtomicOp,
        width: Width,
        base: Reg,
        off: i16,
        src: Reg,
    },
    LoadPacket {
        size: Size,
        index: Option<Reg>,
        off: i32,
    },
    Jump {
        target: u32,
    },
    JumpIf {
        width: Width,
        op: JmpOp,
        dst: Reg,
        src: Src,
        target: u32,
    },
    MayGoto {
        target: u32,
    },
    CallLocal {
        target: u32,
    },
    CallHelper {
        id: u32,
    },
    Exit,
    /// Fails when reached.
    Fail(FaultKind),
}

/// What references stand for in one machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Symbols {
    /// The address of each data section's content.
    pub data: BTreeMap<DataId, u64>,
    /// The address that a 64-bit load of each external symbol yields, or why there is none.
    pub externs: BTreeMap<ExternId, Result<u64, String>>,
}

impl Program {
    /// Resolves `linked`.
    pub fn new(linked: Linked, symbols: &Symbols) -> Program {
        let insns = linked.plain_insns();
        let slots = SlotMap::new(&insns);
        let resolver = Resolver { slots: &slots, symbols };
        let steps = linked
            .insns
            .iter()
            .enumerate()
            .map(|(idx, insn)| {
                resolver
                    .step(idx as u32, insn.insn, insn.reference)
                    .unwrap_or_else(|trap| Step::Fail(*trap))
            })
            .collect();
        let images = Images::new(&linked);
        Program { linked, steps, reference: Translation::default(), rbpf: images }
    }

    /// The program type, from the section.
    pub fn prog_type(&self) -> Option<ProgType> {
        self.linked.prog_type
    }
}

struct Resolver<'a> {
    slots: &'a SlotMap,
    symbols: &'a Symbols,
}

impl Resolver<'_> {
    fn step(&self, idx: u32, insn: Insn, reference: Option<Reference>) -> Result<Step, Trap> {
        if let Some(reference) = reference {
            return self.reference(insn, reference);
        }
        Ok(match insn {
            Insn::Alu { .. }
            | Insn::Neg { .. }
            | Insn::SignExtend { .. }
            | Insn::ByteSwap { .. } => {
                writable(&insn)?;
                Step::Compute(insn)
            }
            Insn::CastAddrSpace { .. } => {
                return Err(FaultKind::unsupported("memory of an arena"));
            }
            Insn::LoadImm64 { dst, value } => {
                writable(&insn)?;
                let value = self.wide(idx, &insn, value)?;
                Step::LoadImm64 { dst, value }
            }
            Insn::Load { ty, dst, base, off } => {
                writable(&insn)?;
                Step::Load { ty, dst, base, off }
            }
            Insn::LoadAcquire { size, dst, base, off } => {
                writable(&insn)?;
                let ty = LoadType::unsigned(size);
                Step::Load { ty, dst, base, off }
            }
            Insn::Store { size, base, off, src } => Step::Store { size, base, off, src },
            Insn::StoreRelease { size, base, off, src } => {
                let src = Src::Reg(src);
                Step::Store { size, base, off, src }
            }
            Insn::Atomic { op, width, base, off, src } => {
                writable(&insn)?;
                Step::Atomic { op, width, base, off, src }
            }
            Insn::LoadPacket { size, index, off } => {
                Step::LoadPacket { size: size.size(), index, off }
            }
            Insn::Jump { .. } | Insn::JumpLong { .. } => {
                Step::Jump { target: self.target(idx, &insn)? }
            }
            Insn::JumpIf { width, op, dst, src, .. } => {
                Step::JumpIf { width, op, dst, src, target: self.target(idx, &insn)? }
            }
            Insn::MayGoto { .. } => Step::MayGoto { target: self.target(idx, &insn)? },
            Insn::Call(Callee::Local { .. }) => {
                Step::CallLocal { target: self.target(idx, &insn)? }
            }
            Insn::Call(Callee::Helper(id)) => Step::CallHelper { id },
            Insn::Call(Callee::Kfunc { .. }) => {
                return Err(FaultKind::unsupported("calling a kernel function"));
            }
            Insn::Exit => Step::Exit,
        })
    }

    fn reference(&self, insn: Insn, reference: Reference) -> Result<Step, Trap> {
        let value = match reference {
            Reference::Map(map) => address(region::MAP_HANDLE, map.index() as u32),
            Reference::Data { section, offset } => match self.symbols.data.get(&section) {
                Some(base) => base + u64::from(offset),
                None => return Err(FaultKind::bad_instruction("a data section without memory")),
            },
            Reference::Extern(id) => match self.symbols.externs.get(&id) {
                Some(Ok(value)) => *value,
                Some(Err(what)) => return Err(FaultKind::unsupported(what)),
                None => return Err(FaultKind::bad_instruction("an unknown external symbol")),
            },
        };
        match insn {
            Insn::LoadImm64 { dst, .. } => {
                writable(&insn)?;
                Ok(Step::LoadImm64 { dst, value })
            }
            _ => Err(FaultKind::unsupported("calling a kernel function")),
        }
    }

    fn wide(&self, idx: u32, insn: &Insn, value: Wide) -> Result<u64, Trap> {
        match value {
            Wide::Value(value) => Ok(value),
            Wide::Func { .. } => Ok(address(region::CODE, self.target(idx, insn)?)),
            _ => Err(FaultKind::unsupported("an operand that only a kernel can resolve")),
        }
    }

    fn target(&self, idx: u32, insn: &Insn) -> Result<u32, Trap> {
        self.slots
            .target(idx, insn)
            .ok_or_else(|| FaultKind::bad_instruction("its target is not an instruction"))
    }
}

/// The frame pointer is read-only (RFC 9669 §2).
fn writable(insn: &Insn) -> Result<(), Trap> {
    if insn.defs().contains(Reg::FP) {
        return Err(FaultKind::bad_instruction("it writes the frame pointer"));
    }
    Ok(())
}

/// The programs of a machine, for tail calls.
#[derive(Debug, Default)]
pub(crate) struct ProgramTable {
    /// What links, and why the rest does not.
    pub programs: BTreeMap<FuncId, Result<Arc<Program>, String>>,
}
