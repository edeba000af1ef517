//! A linked program with everything symbolic replaced by what it is on this kernel: file
//! descriptors of maps, addresses, BTF ids, CO-RE numbers. Output: the bytes to load.

use super::externs::Resolved;
use crate::LoadError;
use crate::map::Map;
use bpfc_base::{IndexVec, Span};
use bpfc_isa::{Callee, Endian, Insn, Wide, encode_program};
use bpfc_object::{
    CoreTarget, DataId, ExternId, Linked, LinkedInsn, MapId, Object, POISON_HELPER, Poisoned,
    PoisonedBecause, Reference,
};
use std::os::fd::{AsFd, AsRawFd};

/// What references stand for.
pub(super) struct Environment<'a> {
    pub object: &'a Object,
    pub maps: &'a IndexVec<MapId, Map>,
    pub data: &'a IndexVec<DataId, Option<Map>>,
    pub kconfig: Option<&'a Map>,
    pub externs: &'a IndexVec<ExternId, Resolved>,
}

/// A program ready for the kernel.
pub(super) struct Image {
    /// Its instructions, of which those that may not be reached were replaced.
    pub linked: Linked,
    /// Their bytes.
    pub bytes: Vec<u8>,
    /// Instructions that may not be reached, and what is missing for them.
    pub poisoned: Vec<(u32, String)>,
}

/// Resolves a program. Without `target`, it may not ask about the kernel's types.
pub(super) fn image(
    mut linked: Linked,
    environment: &Environment<'_>,
    target: Option<&mut CoreTarget<'_>>,
) -> Result<Image, LoadError> {
    let poisoned = match target {
        Some(target) => target.apply(&mut linked).map_err(|error| {
            let is_it = |insn: &&LinkedInsn| {
                let function = &environment.object.functions[insn.func];
                insn.insn_idx == error.insn_idx && function.name == error.function
            };
            let span = linked.insns.iter().find(is_it).map_or(Span::NONE, |insn| insn.span);
            LoadError::Core { error, span }
        })?,
        None => Vec::new(),
    };
    let mut poisoned: Vec<(u32, String)> =
        poisoned.iter().map(|poisoned| (poisoned.insn_idx, missing(poisoned))).collect();
    for (insn_idx, insn) in (0..).zip(&mut linked.insns) {
        if insn.core.is_some() {
            return Err(LoadError::Missing {
                needed: format!("CO-RE in `{}`", linked.name),
                feature: "BTF of the kernel (`CONFIG_DEBUG_INFO_BTF`)".into(),
                span: insn.span,
            });
        }
        let resolved = environment.resolve(insn, |what| poisoned.push((insn_idx, what)))?;
        insn.insn = resolved;
    }
    let bytes = encode_program(&linked.plain_insns(), Endian::NATIVE);
    Ok(Image { linked, bytes, poisoned })
}

/// What an instruction asked for in vain.
fn missing(poisoned: &Poisoned) -> String {
    let asked = &poisoned.asked;
    match poisoned.reason {
        PoisonedBecause::NoType | PoisonedBecause::NoMatch => format!("`{asked}` does not exist"),
        PoisonedBecause::SizeDiffers { local_bytes, target_bytes } => {
            format!("`{asked}` has {target_bytes} bytes instead of {local_bytes}")
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
            Reference::Map(id) => Wide::MapFd(self.maps[id].as_fd().as_raw_fd()),
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
                        poison(format!("the kernel function `{name}` does not exist"));
                        return Ok(Insn::Call(Callee::Helper(POISON_HELPER)));
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
