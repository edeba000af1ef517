//! Structs of operations: variables in `.struct_ops` and `.struct_ops.link`, whose functions are programs that the
//! kernel calls instead of its own. Each becomes a map that holds the kernel's struct with programs in place of
//! functions; registering it is attaching (`crate::attach`).

use super::create_only;
use crate::LoadError;
use crate::kernel::Kernel;
use crate::map::Map;
use crate::program::Program;
use crate::sys::attr::object_name;
use crate::sys::map::Create;
use bpfc_base::Span;
use bpfc_btf::{Btf, Composite, KindSet, Type, TypeId};
use bpfc_kabi::MapType;
use bpfc_object::{DataTarget, FuncId, Object};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// `BPF_F_LINK`: the struct is registered by a link (6.4).
const BY_LINK: u32 = 1 << 13;

/// A struct of operations in the kernel.
#[derive(Debug)]
pub struct StructOps {
    /// The variable's name.
    pub name: String,
    /// The struct, as the kernel calls it: `tcp_congestion_ops`.
    pub struct_name: String,
    /// The programs that are its functions, in the order of the members.
    pub programs: Vec<FuncId>,
    /// Whether it is registered by a link.
    pub(crate) has_link: bool,
    pub(crate) map: Map,
    /// What registers it, written to the map.
    pub(crate) value: Vec<u8>,
}

/// A struct of operations before its programs are loaded.
pub(super) struct Plan {
    name: String,
    struct_name: String,
    /// The kernel's struct.
    pub ty: TypeId,
    /// The struct around it that maps hold, with its size.
    value_type: TypeId,
    value: Vec<u8>,
    /// Each function, its member, and where it goes in the value.
    pub functions: Vec<(FuncId, u32, usize)>,
    is_link: bool,
}

/// Plans every struct of operations of an object, by the types of the running kernel.
pub(super) fn plan(
    object: &Object,
    local: Option<&Btf>,
    kernel: &Kernel,
) -> Result<Vec<Plan>, LoadError> {
    let mut plans = Vec::new();
    for section in &object.data {
        let Some(is_link) = is_link(&section.name) else { continue };
        let content = section.content();
        for variable in &section.variables {
            let span = Span::NONE;
            let subject = format!("`{}`", variable.name);
            let Some((local, btf)) = local.zip(kernel.btf()) else {
                let feature = "BTF of the kernel (`CONFIG_DEBUG_INFO_BTF`)".into();
                return Err(LoadError::Missing { needed: subject, feature, span });
            };
            let broken = |what: &str| LoadError::Unsupported {
                subject: subject.clone(),
                what: what.into(),
                span,
            };
            let (_, own) = variable
                .btf
                .and_then(|id| match local.ty(id) {
                    Ok(Type::Var { ty, .. }) => composite(local, ty),
                    _ => None,
                })
                .ok_or_else(|| broken("it is no struct of operations"))?;
            let from = variable.offset as usize;
            let bytes = content.get(from..from + variable.size_bytes as usize);
            let bytes = bytes.ok_or_else(|| broken("its content is incomplete"))?;
            let function = |at: u32| {
                let offset = variable.offset.checked_add(at)?;
                let reloc = section.relocs.iter().find(|reloc| reloc.offset == offset)?;
                match reloc.target {
                    DataTarget::Func(func) => Some(func),
                    _ => None,
                }
            };
            let mut plan = Plan::of_kernel(&variable.name, own.name(), btf, is_link)?;
            plan.fill((local, own), bytes, btf, function)?;
            plans.push(plan);
        }
    }
    Ok(plans)
}

/// Whether the section's structs are registered by links; none if it has no such structs.
pub(super) fn is_link(section: &str) -> Option<bool> {
    match section.trim_start_matches('?') {
        ".struct_ops" => Some(false),
        ".struct_ops.link" => Some(true),
        _ => None,
    }
}

fn composite(btf: &Btf, ty: TypeId) -> Option<(TypeId, Composite<'_>)> {
    match btf.resolved(ty) {
        Ok((id, Type::Struct(composite))) => Some((id, composite)),
        _ => None,
    }
}

impl Plan {
    /// The kernel's struct, still empty. `bpf_struct_ops_NAME` has it as its member `data`
    /// (`kernel/bpf/bpf_struct_ops.c`, 6.12).
    fn of_kernel(variable: &str, name: &str, btf: &Btf, is_link: bool) -> Result<Plan, LoadError> {
        let struct_name = bpfc_btf::core::essential_name(name);
        let around = format!("bpf_struct_ops_{struct_name}");
        let found = btf.find_by_name(struct_name, KindSet::STRUCT);
        let found = found.zip(btf.find_by_name(&around, KindSet::STRUCT));
        let Some((ty, value_type)) = found else {
            let names = btf.ids().filter(|id| {
                KindSet::STRUCT.contains(btf.kind(*id).unwrap_or(bpfc_btf::Kind::Int))
            });
            let names = names.filter_map(|id| btf.name(id).strip_prefix("bpf_struct_ops_"));
            let candidate = bpfc_base::similar::most_similar(struct_name, names);
            return Err(LoadError::NoTarget {
                kind: "struct of operations",
                name: struct_name.into(),
                candidate: candidate.map(str::to_owned),
            });
        };
        let n_bytes = btf.size_of(value_type).unwrap_or(0) as usize;
        Ok(Plan {
            name: variable.into(),
            struct_name: struct_name.into(),
            ty,
            value_type,
            value: vec![0; n_bytes],
            functions: Vec::new(),
            is_link,
        })
    }

    /// Puts what the object says into the kernel's struct, member by member.
    fn fill(
        &mut self,
        (local, own): (&Btf, Composite<'_>),
        bytes: &[u8],
        btf: &Btf,
        function: impl Fn(u32) -> Option<FuncId>,
    ) -> Result<(), LoadError> {
        let data = composite(btf, self.value_type)
            .and_then(|(_, around)| around.members().find(|member| member.name == "data"));
        let data = data.map_or(0, |member| member.bit_offset / 8) as usize;
        let Some((_, theirs)) = composite(btf, self.ty) else { return Ok(()) };
        for member in own.members() {
            let at = (member.bit_offset / 8) as usize;
            let size = local.size_of(member.ty).unwrap_or(0) as usize;
            let Some(content) = bytes.get(at..at + size) else { continue };
            let function = function(member.bit_offset / 8);
            let found = theirs.members().enumerate().find(|(_, other)| other.name == member.name);
            let Some((idx, other)) = found else {
                if function.is_none() && content.iter().all(|byte| *byte == 0) {
                    continue;
                }
                return Err(LoadError::Missing {
                    needed: format!("`{}`", self.name),
                    feature: format!(
                        "the member `{}` of `struct {}`",
                        member.name, self.struct_name
                    ),
                    span: Span::NONE,
                });
            };
            let to = data + (other.bit_offset / 8) as usize;
            if let Some(func) = function {
                self.functions.push((func, idx as u32, to));
                continue;
            }
            let other_size = btf.size_of(other.ty).unwrap_or(0) as usize;
            let room = self.value.get_mut(to..to + size.min(other_size));
            if let Some(room) = room {
                let (kept, cut) = content.split_at(room.len());
                if cut.iter().any(|byte| *byte != 0) {
                    return Err(LoadError::Unsupported {
                        subject: format!("`{}`", self.name),
                        what: format!(
                            "its member `{}` is larger than the kernel's ({size} bytes, there {other_size})",
                            member.name
                        ),
                        span: Span::NONE,
                    });
                }
                room.copy_from_slice(kept);
            }
        }
        Ok(())
    }

    /// Creates the map, with the programs that were loaded. None if none of them was.
    pub(super) fn create(
        mut self,
        programs: &[Program],
        types: Option<BorrowedFd<'_>>,
        kernel: &Kernel,
    ) -> Result<Option<StructOps>, LoadError> {
        let mut used = Vec::new();
        for (func, _, at) in &self.functions {
            let program = programs.iter().find(|program| program.func() == *func);
            let room = self.value.get_mut(*at..*at + 8);
            let (Some(program), Some(room)) = (program, room) else { continue };
            let fd = u64::from(program.as_fd().as_raw_fd().cast_unsigned());
            room.copy_from_slice(&fd.to_ne_bytes());
            used.push(*func);
        }
        if used.is_empty() && !self.functions.is_empty() {
            return Ok(None);
        }
        let request = |flags| Create {
            map_type: MapType::StructOps.number(),
            name: object_name(&self.name),
            key_size_bytes: 4,
            value_size_bytes: self.value.len() as u32,
            max_entries: 1,
            flags,
            btf: types.map(|types| (types, 0, 0)),
            vmlinux_value_type: self.value_type.0,
            ..Create::default()
        };
        // Before 6.4 there are no links: the struct is registered by the map itself.
        let by_link = self.is_link.then(|| create_only(&request(BY_LINK)));
        let (created, has_link) = match by_link {
            Some(Ok(fd)) => (Ok(fd), true),
            _ => (create_only(&request(0)), false),
        };
        let fd = created.map_err(|errno| LoadError::Map {
            name: self.name.clone(),
            what: "created",
            errno,
            reason: None,
            helps: Vec::new(),
            span: Span::NONE,
        })?;
        let map = Map::from_fd(self.name.clone(), fd, kernel)?;
        let (name, struct_name, value) = (self.name, self.struct_name, self.value);
        Ok(Some(StructOps { name, struct_name, programs: used, has_link, map, value }))
    }
}
