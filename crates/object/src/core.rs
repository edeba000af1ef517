//! Applies CO-RE relocations to a linked program, the way libbpf does (`relo_core.c`, v1.6): the
//! immediate or offset of an instruction becomes what the target's types say, and an instruction
//! whose answer the target does not have becomes one that the verifier refuses if it is reached.

use crate::{CoreReloc, Linked, LinkedInsn, Subprog};
use bpfc_btf::core::{
    AccessSize, Candidate, CoreError, CoreKind, CoreRelocation, CoreResult, CoreValue,
    PoisonReason, candidates, describe, relocate_among,
};
use bpfc_btf::{Btf, TypeId};
use bpfc_isa::{Callee, Insn, LoadType, Size, Src, Wide, Width};
use std::collections::HashMap;

/// The helper that a poisoned instruction calls, 0xbad2310, "bad relo": libbpf's number, by which
/// the verifier's log shows what happened.
pub const POISON_HELPER: u32 = 0x0bad_2310;

/// The types that decide: those of the program's object and those of a kernel.
pub struct CoreTarget<'a> {
    local: &'a Btf,
    targets: Vec<&'a Btf>,
    candidates: HashMap<TypeId, Vec<Candidate<'a>>>,
}

/// An instruction that was made to fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poisoned {
    /// Its index in the relocated program.
    pub insn_idx: u32,
    /// What was asked, such as `task_struct.pid`.
    pub asked: String,
    /// Why there is no answer.
    pub reason: PoisonedBecause,
}

/// Why there is no answer to a relocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoisonedBecause {
    /// The target has no type of that kind and name.
    NoType,
    /// The target's type has no such field or enumerator, or one of another type.
    NoMatch,
    /// The field's size differs, and it is neither a pointer nor unsigned, so that a load of the
    /// new size would not give the same value.
    SizeDiffers {
        /// Size of the field in the program's types.
        local_bytes: u32,
        /// Size on the target.
        target_bytes: u32,
    },
}

/// Why a CO-RE relocation cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("instruction {insn_idx} of `{function}`: {reason}")]
pub struct CoreApplyError {
    /// The function.
    pub function: String,
    /// The instruction, counted from the function's start.
    pub insn_idx: u32,
    /// What is wrong.
    pub reason: CoreApplyReason,
}

/// What is wrong with a CO-RE relocation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoreApplyReason {
    /// A kind that is not known.
    #[error("unknown CO-RE relocation kind {kind}")]
    UnknownKind {
        /// `enum bpf_core_relo_kind`
        kind: u32,
    },
    /// The relocation contradicts the types, or the target is ambiguous.
    #[error(transparent)]
    Types(#[from] CoreError),
    /// The instruction does not hold what the types say it should.
    #[error("the instruction holds {found}, the program's types say {expected}")]
    Mismatch {
        /// By the program's types.
        expected: u64,
        /// In the instruction.
        found: u64,
    },
    /// An instruction without an immediate or offset to change.
    #[error("a CO-RE relocation of an instruction that has nothing to relocate")]
    NotRelocatable,
    /// The target's number does not fit in the instruction.
    #[error("{value} does not fit in the instruction")]
    OutOfRange {
        /// The number.
        value: u64,
    },
}

/// What becomes of an instruction without an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unanswered {
    Poison,
    Keep,
}

/// What to do with an instruction.
enum Patch {
    Replace(Insn),
    Poison(PoisonedBecause),
}

impl<'a> CoreTarget<'a> {
    /// Types of the program's object ([`Object::btf`](crate::Object::btf), opened) and of a
    /// kernel: vmlinux first, then modules, which are asked where vmlinux has no candidate.
    pub fn new(local: &'a Btf, targets: Vec<&'a Btf>) -> CoreTarget<'a> {
        CoreTarget { local, targets, candidates: HashMap::new() }
    }

    /// As [`CoreTarget::apply`], but leaves instructions as they were compiled where there is no answer: what follows
    /// them still makes sense. The result is not for loading.
    ///
    /// # Errors
    /// As [`CoreTarget::apply`].
    pub fn apply_known(&mut self, program: &mut Linked) -> Result<Vec<Poisoned>, CoreApplyError> {
        self.apply_all(program, Unanswered::Keep)
    }

    /// Applies and removes all CO-RE relocations of `program`; the instructions that were poisoned,
    /// which is no error unless the verifier reaches one.
    ///
    /// A poisoned 64-bit load becomes two calls, so instruction indices after it grow by one; slots
    /// do not change.
    ///
    /// # Errors
    /// [`CoreApplyError`]; `program` is then partly relocated.
    pub fn apply(&mut self, program: &mut Linked) -> Result<Vec<Poisoned>, CoreApplyError> {
        self.apply_all(program, Unanswered::Poison)
    }

    fn apply_all(
        &mut self,
        program: &mut Linked,
        unanswered: Unanswered,
    ) -> Result<Vec<Poisoned>, CoreApplyError> {
        let mut poisoned = Vec::new();
        let mut insns = Vec::with_capacity(program.insns.len());
        let mut new_starts = Vec::with_capacity(program.subprogs.len());
        let mut starts = program.subprogs.iter().map(|subprog| subprog.start);
        let mut next_start = starts.next();
        for (idx, insn) in program.insns.iter().enumerate() {
            if next_start == Some(idx as u32) {
                new_starts.push(insns.len() as u32);
                next_start = starts.next();
            }
            let Some(core) = &insn.core else {
                insns.push(insn.clone());
                continue;
            };
            let patch = self.patch(insn, core).map_err(|reason| CoreApplyError {
                function: function_name(program, idx as u32),
                insn_idx: insn.insn_idx,
                reason,
            })?;
            let with = |new| LinkedInsn { insn: new, core: None, ..insn.clone() };
            match patch {
                Patch::Replace(new) => insns.push(with(new)),
                Patch::Poison(reason) => {
                    poisoned.push(Poisoned {
                        insn_idx: insns.len() as u32,
                        asked: self.describe(core),
                        reason,
                    });
                    if unanswered == Unanswered::Keep {
                        insns.push(with(insn.insn));
                        continue;
                    }
                    let call = Insn::Call(Callee::Helper(POISON_HELPER));
                    for _ in 0..insn.insn.slots() {
                        insns.push(with(call));
                    }
                }
            }
        }
        set_starts(&mut program.subprogs, &new_starts, insns.len() as u32);
        program.insns = insns;
        Ok(poisoned)
    }

    fn patch(&mut self, insn: &LinkedInsn, core: &CoreReloc) -> Result<Patch, CoreApplyReason> {
        let kind = CoreKind::from_number(core.kind)
            .ok_or(CoreApplyReason::UnknownKind { kind: core.kind })?;
        let relocation = CoreRelocation { ty: core.root, access: &core.access, kind };
        let local = self.local;
        let found: &[Candidate<'_>] = match kind {
            CoreKind::TypeIdLocal => &[],
            _ => self.candidates(core.root)?,
        };
        match relocate_among(local, &relocation, found)? {
            CoreResult::Value(value) => patched(insn.insn, value),
            CoreResult::Poison(PoisonReason::NoType) => Ok(Patch::Poison(PoisonedBecause::NoType)),
            CoreResult::Poison(PoisonReason::NoMatch) => {
                Ok(Patch::Poison(PoisonedBecause::NoMatch))
            }
        }
    }

    /// The target types that may stand for a local one, found once.
    fn candidates(&mut self, ty: TypeId) -> Result<&[Candidate<'a>], CoreError> {
        if !self.candidates.contains_key(&ty) {
            let mut found = Vec::new();
            for (idx, target) in self.targets.iter().enumerate() {
                found.extend(candidates(self.local, ty, target)?);
                if idx == 0 && !found.is_empty() {
                    break;
                }
            }
            self.candidates.insert(ty, found);
        }
        Ok(&self.candidates[&ty])
    }

    fn describe(&self, core: &CoreReloc) -> String {
        describe_core(self.local, core)
    }
}

/// A relocation in words of C: `task_struct.pid`; its access string if that makes no sense.
pub(crate) fn describe_core(local: &Btf, core: &CoreReloc) -> String {
    let kind = CoreKind::from_number(core.kind);
    let described = kind.and_then(|kind| {
        let relocation = CoreRelocation { ty: core.root, access: &core.access, kind };
        describe(local, &relocation).ok()
    });
    described.unwrap_or_else(|| format!("type {} {}", core.root, core.access))
}

fn function_name(program: &Linked, insn_idx: u32) -> String {
    let subprog = program.subprog_at(insn_idx);
    subprog.map_or_else(String::new, |subprog| subprog.name.clone())
}

/// Moves functions to where they begin now.
fn set_starts(subprogs: &mut [Subprog], starts: &[u32], end: u32) {
    debug_assert_eq!(subprogs.len(), starts.len());
    for (idx, subprog) in subprogs.iter_mut().enumerate() {
        subprog.start = starts[idx];
        subprog.n_insns = starts.get(idx + 1).copied().unwrap_or(end) - starts[idx];
    }
}

/// The instruction with the target's number: `bpf_core_patch_insn`.
fn patched(insn: Insn, value: CoreValue) -> Result<Patch, CoreApplyReason> {
    let new = value.target;
    let check = |found: u64| {
        let expected = value.local;
        if value.is_checked && found != expected {
            return Err(CoreApplyReason::Mismatch { expected, found });
        }
        Ok(())
    };
    let out_of_range = CoreApplyReason::OutOfRange { value: new };
    Ok(Patch::Replace(match insn {
        Insn::Alu { width, op, dst, src: Src::Imm(imm) } => {
            // Numbers are compared as 32-bit ones, which is what the compiler had room for.
            if imm as u32 != value.local as u32 {
                check(imm as i64 as u64)?;
            }
            let fits = u32::try_from(new).is_ok() || i32::try_from(new as i64).is_ok();
            let src = Src::Imm(if fits {
                new as i32
            } else {
                return Err(out_of_range);
            });
            Insn::Alu { width, op, dst, src }
        }
        Insn::LoadImm64 { dst, value: Wide::Value(found) } => {
            check(found)?;
            let value = Wide::Value(new);
            Insn::LoadImm64 { dst, value }
        }
        _ => {
            let off = memory_offset(insn).ok_or(CoreApplyReason::NotRelocatable)?;
            check(off as i64 as u64)?;
            let new = i16::try_from(new).map_err(|_| out_of_range)?;
            match value.access {
                Some(access) if !access.is_resizable => {
                    return Ok(Patch::Poison(PoisonedBecause::SizeDiffers {
                        local_bytes: access.local_bytes,
                        target_bytes: access.target_bytes,
                    }));
                }
                access => moved(insn, new, access)?,
            }
        }
    }))
}

fn memory_offset(insn: Insn) -> Option<i16> {
    match insn {
        Insn::Load { off, .. }
        | Insn::Store { off, .. }
        | Insn::Atomic { off, .. }
        | Insn::LoadAcquire { off, .. }
        | Insn::StoreRelease { off, .. } => Some(off),
        _ => None,
    }
}

/// A memory access at another offset, and of another size if the field's size changed.
fn moved(insn: Insn, off: i16, access: Option<AccessSize>) -> Result<Insn, CoreApplyReason> {
    let resized = access.filter(|access| access.local_bytes != access.target_bytes);
    let size = |size: Size| match resized {
        None => Ok(size),
        Some(access) if size.bytes() != access.local_bytes => Err(CoreApplyReason::Mismatch {
            expected: access.local_bytes.into(),
            found: size.bytes().into(),
        }),
        Some(access) => {
            let value = access.target_bytes.into();
            Size::from_bytes(access.target_bytes).ok_or(CoreApplyReason::OutOfRange { value })
        }
    };
    Ok(match insn {
        Insn::Load { ty, dst, base, .. } => {
            let size = size(ty.size())?;
            let signed = LoadType::signed(size).filter(|_| ty.is_signed());
            let ty = signed.unwrap_or(LoadType::unsigned(size));
            Insn::Load { ty, dst, base, off }
        }
        Insn::Store { size: old, base, src, .. } => {
            let size = size(old)?;
            Insn::Store { size, base, off, src }
        }
        Insn::LoadAcquire { size: old, dst, base, .. } => {
            let size = size(old)?;
            Insn::LoadAcquire { size, dst, base, off }
        }
        Insn::StoreRelease { size: old, base, src, .. } => {
            let size = size(old)?;
            Insn::StoreRelease { size, base, off, src }
        }
        Insn::Atomic { op, width, base, src, .. } => {
            let width = match size(width.size())? {
                Size::W => Width::W32,
                Size::DW => Width::W64,
                size => {
                    let value = size.bytes().into();
                    return Err(CoreApplyReason::OutOfRange { value });
                }
            };
            Insn::Atomic { op, width, base, off, src }
        }
        _ => return Err(CoreApplyReason::NotRelocatable),
    })
}
