//! CO-RE relocations applied to the instructions of a linked program.
//!
//! Requires: instructions as the compiler made them. Ensures: every relocated number is the
//! target's; an instruction whose number the target does not have is marked as poisoned, and is a
//! mistake only if the verifier reaches it.

use crate::error::CoreProblem;
use crate::kernel::Kernel;
use bpfc_btf::core::{
    self, AccessSize, Candidate, CoreKind, CoreRelocation, CoreResult, CoreValue,
};
use bpfc_btf::{Btf, TypeId};
use bpfc_isa::{Insn, LoadType, Size, Src, Wide};
use bpfc_object::LinkedInsn;
use std::collections::HashMap;

/// Local types and the kernel's, with the candidates found so far.
pub(super) struct CoreTarget<'a> {
    local: &'a Btf,
    kernel: &'a Kernel,
    candidates: HashMap<TypeId, Vec<Candidate<'a>>>,
}

/// What becomes of an instruction.
pub(super) enum Patched {
    /// The new instruction.
    Insn(Insn),
    /// What the target does not have.
    Poisoned(String),
}

impl<'a> CoreTarget<'a> {
    pub(super) fn new(local: &'a Btf, kernel: &'a Kernel) -> CoreTarget<'a> {
        CoreTarget {
            local,
            kernel,
            candidates: HashMap::new(),
        }
    }

    /// Applies the relocation of one instruction, if it has one.
    pub(super) fn apply(&mut self, insn: &LinkedInsn) -> Result<Option<Patched>, CoreProblem> {
        let Some(reloc) = &insn.core else {
            return Ok(None);
        };
        let kind = CoreKind::from_number(reloc.kind).ok_or(CoreProblem::UnknownKind(reloc.kind))?;
        let relocation = CoreRelocation {
            ty: reloc.root,
            access: &reloc.access,
            kind,
        };
        let local = self.local;
        let candidates = match kind {
            CoreKind::TypeIdLocal => &[],
            _ => self.candidates(reloc.root)?,
        };
        let result = core::relocate_among(local, &relocation, candidates)?;
        let poison = || core::describe(local, &relocation).map(|what| format!("`{what}`"));
        let patched = match result {
            CoreResult::Poison(_) => Patched::Poisoned(poison()?),
            CoreResult::Value(value) => match patch(insn.insn, &value)? {
                Some(insn) => Patched::Insn(insn),
                None => Patched::Poisoned(poison()?),
            },
        };
        Ok(Some(patched))
    }

    /// The kernel's types of that name, or those of the first module that has some.
    fn candidates(&mut self, root: TypeId) -> Result<&[Candidate<'a>], CoreProblem> {
        if !self.candidates.contains_key(&root) {
            let mut found = match self.kernel.btf() {
                Some(btf) => core::candidates(self.local, root, btf)?,
                None => Vec::new(),
            };
            if found.is_empty() {
                for (_, module) in self.kernel.modules() {
                    found.extend(core::candidates(self.local, root, module)?);
                }
            }
            self.candidates.insert(root, found);
        }
        Ok(&self.candidates[&root])
    }
}

/// The instruction with the target's number; `None` if it has to be poisoned.
fn patch(insn: Insn, value: &CoreValue) -> Result<Option<Insn>, CoreProblem> {
    let check = |found: i64, expected: u64| {
        if value.is_checked && found != expected as i64 {
            return Err(CoreProblem::Mismatch {
                found,
                expected: value.local,
            });
        }
        Ok(())
    };
    let too_large = || CoreProblem::TooLarge {
        value: value.target,
    };
    let offset = || i16::try_from(value.target).map_err(|_| too_large());
    let patched = match insn {
        Insn::Alu {
            width,
            op,
            dst,
            src: Src::Imm(imm),
        } => {
            check(imm.into(), i64::from(value.local as i32) as u64)?;
            // The immediate is 32 bits wide and sign-extended; both readings of it are meant.
            let fits =
                u32::try_from(value.target).is_ok() || i32::try_from(value.target as i64).is_ok();
            if !fits {
                return Err(too_large());
            }
            Insn::Alu {
                width,
                op,
                dst,
                src: Src::Imm(value.target as i32),
            }
        }
        Insn::LoadImm64 {
            dst,
            value: Wide::Value(imm),
        } => {
            check(imm as i64, value.local)?;
            Insn::LoadImm64 {
                dst,
                value: Wide::Value(value.target),
            }
        }
        Insn::Load { ty, dst, base, off } => {
            check(off.into(), value.local)?;
            let Some(size) = resized(ty.size(), value.access)? else {
                return Ok(None);
            };
            let ty = match (ty.is_signed(), LoadType::signed(size)) {
                (true, Some(ty)) => ty,
                _ => LoadType::unsigned(size),
            };
            Insn::Load {
                ty,
                dst,
                base,
                off: offset()?,
            }
        }
        Insn::Store {
            size,
            base,
            off,
            src,
        } => {
            check(off.into(), value.local)?;
            let Some(size) = resized(size, value.access)? else {
                return Ok(None);
            };
            Insn::Store {
                size,
                base,
                off: offset()?,
                src,
            }
        }
        _ => return Err(CoreProblem::Misplaced),
    };
    Ok(Some(patched))
}

/// The size of an access to the target's field; `None` if no size is right.
fn resized(size: Size, access: Option<AccessSize>) -> Result<Option<Size>, CoreProblem> {
    let Some(access) = access.filter(|access| access.local_bytes != access.target_bytes) else {
        return Ok(Some(size));
    };
    if !access.is_resizable {
        return Ok(None);
    }
    if size.bytes() != access.local_bytes {
        return Err(CoreProblem::Mismatch {
            found: size.bytes().into(),
            expected: access.local_bytes.into(),
        });
    }
    Size::from_bytes(access.target_bytes)
        .map(Some)
        .ok_or(CoreProblem::TooLarge {
            value: access.target_bytes.into(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bpfc_isa::{AluOp, Reg, Width};

    fn value(local: u64, target: u64) -> CoreValue {
        CoreValue {
            local,
            target,
            is_checked: true,
            access: None,
        }
    }

    fn load(ty: LoadType, off: i16) -> Insn {
        Insn::Load {
            ty,
            dst: Reg::R1,
            base: Reg::R2,
            off,
        }
    }

    #[test]
    fn patches_numbers() {
        let add = |imm| Insn::Alu {
            width: Width::W64,
            op: AluOp::Add,
            dst: Reg::R1,
            src: Src::Imm(imm),
        };
        assert_eq!(patch(add(8), &value(8, 16)), Ok(Some(add(16))));
        let mismatch = patch(add(4), &value(8, 16));
        assert!(matches!(mismatch, Err(CoreProblem::Mismatch { .. })));
        assert_eq!(
            patch(load(LoadType::U32, 8), &value(8, 24)),
            Ok(Some(load(LoadType::U32, 24)))
        );
        let too_large = patch(load(LoadType::U32, 8), &value(8, 1 << 20));
        assert_eq!(too_large, Err(CoreProblem::TooLarge { value: 1 << 20 }));
        assert_eq!(patch(Insn::Exit, &value(0, 1)), Err(CoreProblem::Misplaced));
    }

    #[test]
    fn resizes_loads() {
        let mut wider = value(8, 8);
        wider.access = Some(AccessSize {
            local_bytes: 4,
            target_bytes: 8,
            is_resizable: true,
        });
        assert_eq!(
            patch(load(LoadType::U32, 8), &wider),
            Ok(Some(load(LoadType::U64, 8)))
        );
        wider.access = wider.access.map(|access| AccessSize {
            is_resizable: false,
            ..access
        });
        assert_eq!(patch(load(LoadType::U32, 8), &wider), Ok(None));
    }
}
