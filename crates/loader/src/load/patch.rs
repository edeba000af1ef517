//! A linked program with everything symbolic replaced by what it is on this kernel: file
//! descriptors of maps, addresses, BTF ids, CO-RE numbers. Output: the bytes to load.

use super::core::{CoreTarget, Patched};
use super::externs::Resolved;
use crate::LoadError;
use crate::map::Map;
use bpfc_base::IndexVec;
use bpfc_isa::{Callee, Endian, Insn, SlotMap, Wide, encode, encode_program};
use bpfc_object::{DataId, ExternId, Linked, LinkedInsn, MapId, Object, Reference};
use std::os::fd::{AsFd, AsRawFd};

/// Number of no helper: a call of it is what an instruction becomes that may not run on this
/// kernel. libbpf uses the same number (`bpf_core_poison_insn`), so logs look the same.
const POISON: u32 = 0x0bad_2310;

/// What references stand for.
pub(super) struct Environment<'a> {
    pub object: &'a Object,
    pub maps: &'a IndexVec<MapId, Option<Map>>,
    pub data: &'a IndexVec<DataId, Option<Map>>,
    pub kconfig: Option<&'a Map>,
    pub externs: &'a IndexVec<ExternId, Resolved>,
}

/// Instructions ready for the kernel.
pub(super) struct Image {
    /// Their bytes.
    pub bytes: Vec<u8>,
    /// Instructions that may not be reached, and what is missing for them.
    pub poisoned: Vec<(u32, String)>,
}

/// Resolves a program.
pub(super) fn image(
    linked: &Linked,
    environment: &Environment<'_>,
    target: Option<&mut CoreTarget<'_>>,
) -> Result<Image, LoadError> {
    let mut insns = Vec::with_capacity(linked.insns.len());
    let mut poisoned = Vec::new();
    let mut target = target;
    for (insn_idx, insn) in (0..).zip(&linked.insns) {
        let core = match &mut target {
            Some(target) => target.apply(insn),
            None if insn.core.is_some() => {
                return Err(LoadError::Missing {
                    needed: format!("CO-RE in `{}`", linked.name),
                    feature: "BTF of the kernel (`CONFIG_DEBUG_INFO_BTF`)".into(),
                    span: insn.span,
                });
            }
            None => Ok(None),
        };
        let core = core.map_err(|problem| LoadError::Core {
            program: linked.name.clone(),
            insn_idx,
            problem,
            span: insn.span,
        })?;
        let resolved = match core {
            Some(Patched::Insn(insn)) => Ok(insn),
            Some(Patched::Poisoned(what)) => {
                poisoned.push((insn_idx, what));
                Ok(insn.insn)
            }
            None => environment.resolve(insn, |what| poisoned.push((insn_idx, what))),
        };
        insns.push(resolved?);
    }
    let mut bytes = encode_program(&insns, Endian::NATIVE);
    poison(&mut bytes, &insns, &poisoned);
    Ok(Image { bytes, poisoned })
}

/// Overwrites instructions, each slot of a 64-bit load, so that jumps keep their distances.
fn poison(bytes: &mut [u8], insns: &[Insn], poisoned: &[(u32, String)]) {
    let slots = SlotMap::new(insns);
    let call = encode(&Insn::Call(Callee::Helper(POISON)), Endian::NATIVE);
    for (insn_idx, _) in poisoned {
        let first = slots
            .slot(*insn_idx)
            .expect("an instruction of the program") as usize;
        let n_slots = insns[*insn_idx as usize].slots() as usize;
        for slot in bytes[first * 8..][..n_slots * 8].chunks_exact_mut(8) {
            slot.copy_from_slice(&call);
        }
    }
}

impl Environment<'_> {
    /// The instruction with its operand filled in; `poison` is told what is missing if it must not
    /// be reached.
    fn resolve(&self, insn: &LinkedInsn, poison: impl FnOnce(String)) -> Result<Insn, LoadError> {
        let Some(reference) = insn.reference else {
            return Ok(insn.insn);
        };
        let value = match reference {
            Reference::Map(id) => {
                let map = self.maps[id].as_ref();
                let map = map.expect("every map that a program uses was created");
                Wide::MapFd(map.as_fd().as_raw_fd())
            }
            Reference::Data { section, offset } => {
                let map = self.data[section].as_ref();
                let map = map.expect("every section that a program uses was created");
                map_value(map, offset)
            }
            Reference::Extern(id) => match self.externs[id] {
                Resolved::Kconfig { offset } => {
                    let map = self.kconfig.expect("created when a value is used");
                    map_value(map, offset)
                }
                Resolved::Typed(ty) => match insn.insn {
                    Insn::Call(_) => {
                        let callee = Callee::Kfunc { id: ty.0, off: 0 };
                        return Ok(Insn::Call(callee));
                    }
                    _ => Wide::BtfId { id: ty.0, fd: 0 },
                },
                Resolved::Address(address) => Wide::Value(address),
                Resolved::Absent => match insn.insn {
                    Insn::Call(_) => {
                        let name = &self.object.externs[id].name;
                        poison(format!("the kernel function `{name}`"));
                        return Ok(insn.insn);
                    }
                    _ => Wide::Value(0),
                },
            },
        };
        match insn.insn {
            Insn::LoadImm64 { dst, .. } => Ok(Insn::LoadImm64 { dst, value }),
            _ => Err(LoadError::Unsupported {
                subject: "a call".into(),
                what: "it calls something that is not a function".into(),
                span: insn.span,
            }),
        }
    }
}

fn map_value(map: &Map, off: u32) -> Wide {
    let fd = map.as_fd().as_raw_fd();
    Wide::MapValue { fd, off }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bpfc_isa::{Reg, decode_program};

    #[test]
    fn poisons_all_slots() {
        let value = Wide::Value(1);
        let insns = [
            Insn::LoadImm64 {
                dst: Reg::R1,
                value,
            },
            Insn::Exit,
        ];
        let mut bytes = encode_program(&insns, Endian::NATIVE);
        poison(&mut bytes, &insns, &[(0, "x".into())]);
        let call = Insn::Call(Callee::Helper(POISON));
        let decoded = decode_program(&bytes, Endian::NATIVE);
        assert_eq!(decoded, Ok(vec![call, call, Insn::Exit]));
    }
}
