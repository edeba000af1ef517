//! The arguments of a program whose context BTF describes: `btf_ctx_access` (Linux 6.18 `kernel/bpf/btf.c`).

use super::walk;
use crate::state::PtrFlags;
use bpfc_btf::{Btf, KindSet, Type, TypeDef, TypeId};
use bpfc_kabi::{KernelVersion, ProgType, guess_section};
use bpfc_object::{DataTarget, Linked, Object};

/// What a program is attached to.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Its name.
    pub name: String,
    /// What each 8 bytes of the context are.
    pub slots: Vec<Slot>,
    /// Whether it returns nothing.
    pub is_void: bool,
    /// For a member of a struct of functions: the struct.
    pub struct_ops: Option<String>,
}

/// 8 bytes of the context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A number.
    Number,
    /// A number in a slot that must be read as a whole.
    WholeNumber,
    /// A pointer to an object of the kernel.
    Object {
        /// The struct.
        ty: TypeId,
        /// How far it can be relied on.
        flags: PtrFlags,
        /// Whether it may be null.
        is_nullable: bool,
    },
    /// Memory of a size that is not known here, or null.
    Buffer {
        /// Whether it may only be read.
        is_read_only: bool,
    },
    /// Nothing that a program may have: why not.
    Refused(String),
}

/// Where the hook is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Entry,
    Exit,
    ModifyReturn,
    Tracepoint,
    Iterator,
    Lsm,
    LsmCgroup,
    StructOps,
}

/// Hooks that run when the object is being made or gone (`untrusted_lsm_hooks`, Linux 6.18 `kernel/bpf/bpf_lsm.c`).
const UNTRUSTED_LSM: [&str; 9] = [
    "bpf_map_free",
    "bpf_prog_free",
    "file_alloc_security",
    "file_free_security",
    "sk_alloc_security",
    "sk_free_security",
    "task_free",
    "bdev_alloc_security",
    "bdev_free_security",
];

/// Objects that iterators may give no more of: the iterator, the argument, whether it is trusted (`ctx_arg_info` of
/// `struct bpf_iter_reg`, Linux 6.18).
const ITERATORS: [(&str, &str, bool); 19] = [
    ("bpf_link", "link", false),
    ("bpf_map", "map", true),
    ("bpf_prog", "prog", false),
    ("bpf_sk_storage_map", "sk", false),
    ("cgroup", "cgroup", true),
    ("dmabuf", "dmabuf", false),
    ("ipv6_route", "rt", false),
    ("kmem_cache", "s", true),
    ("ksym", "ksym", false),
    ("netlink", "sk", false),
    ("sockmap", "sk", false),
    ("task", "task", true),
    ("task_file", "file", false),
    ("task_file", "task", false),
    ("task_vma", "task", false),
    ("task_vma", "vma", false),
    ("tcp", "sk_common", true),
    ("udp", "udp_sk", true),
    ("unix", "unix_sk", true),
];

/// What the program is attached to; none if it is nothing that the kernel's types describe.
pub fn of_program(
    object: &Object,
    linked: &Linked,
    btf: &Btf,
    kernel: Option<KernelVersion>,
) -> Option<Hook> {
    if linked.prog_type == Some(ProgType::StructOps) {
        return struct_ops(object, linked, btf);
    }
    let section = guess_section(&linked.section)?;
    let name = section.target;
    let (at, prefix) = match section.def.name.trim_end_matches(".s") {
        "fentry" => (At::Entry, ""),
        "fexit" => (At::Exit, ""),
        "fmod_ret" => (At::ModifyReturn, ""),
        "tp_btf" => (At::Tracepoint, "btf_trace_"),
        "iter" => (At::Iterator, "bpf_iter_"),
        "lsm" => (At::Lsm, "bpf_lsm_"),
        "lsm_cgroup" => (At::LsmCgroup, "bpf_lsm_"),
        _ => return None,
    };
    let full = format!("{prefix}{name}");
    let proto = match at {
        At::Tracepoint => {
            let id = btf.find_by_name(&full, KindSet::TYPEDEF)?;
            let Ok((_, Type::Ptr { target })) = btf.resolved(id) else {
                return None;
            };
            target
        }
        _ => match btf.ty(btf.find_by_name(&full, KindSet::FUNC)?) {
            Ok(Type::Func { proto, .. }) => proto,
            _ => return None,
        },
    };
    // Known since Linux 6.14, and in the stable releases of 6.12.
    let knows_null = kernel.is_none_or(|kernel| kernel >= KernelVersion::new(6, 12));
    Builder { btf, name, at, stub: None, knows_null }.build(proto)
}

/// The function that a struct of functions calls: `check_struct_ops_btf_id`.
fn struct_ops(object: &Object, linked: &Linked, btf: &Btf) -> Option<Hook> {
    let (_, data, offset) = object.data.iter_enumerated().find_map(|(id, data)| {
        let reloc = data.relocs.iter().find(|reloc| match reloc.target {
            DataTarget::Func(func) => func == linked.func,
            _ => false,
        })?;
        Some((id, data, reloc.offset))
    })?;
    let variable = data.variables.iter().rev().find(|variable| variable.offset <= offset)?;
    let Some(TypeDef::Var { ty, .. }) = object.btf.get(variable.btf?) else {
        return None;
    };
    let mut ty = *ty;
    let (struct_name, members) = loop {
        match object.btf.get(ty)? {
            TypeDef::Struct { name, members, .. } => break (name, members),
            TypeDef::Const { target }
            | TypeDef::Volatile { target }
            | TypeDef::Typedef { target, .. } => ty = *target,
            _ => return None,
        }
    };
    let at = (offset - variable.offset) * 8;
    let member = members.iter().find(|member| member.bit_offset == at)?;
    let struct_name = bpfc_btf::core::essential_name(struct_name);
    let of_kernel = btf.find_by_name(struct_name, KindSet::STRUCT)?;
    let (_, composite) = walk::composite(btf, of_kernel)?;
    let found = composite.members().find(|other| other.name == member.name)?;
    let Ok((_, Type::Ptr { target })) = btf.resolved(found.ty) else {
        return None;
    };
    let stub = btf.find_func(&format!("{struct_name}__{}", member.name)).map(|(_, proto)| {
        proto.params().map(|param| param.name.to_owned()).collect::<Vec<String>>()
    });
    let mut hook = Builder { btf, name: found.name, at: At::StructOps, stub, knows_null: true }
        .build(target)?;
    if struct_name == "tcp_congestion_ops" {
        promote_sockets(&mut hook, btf);
    }
    hook.struct_ops = Some(struct_name.to_owned());
    Some(hook)
}

impl Hook {
    /// Whether it is this member of this struct of functions.
    pub fn is_of(&self, struct_name: &str, member: &str) -> bool {
        self.struct_ops.as_deref() == Some(struct_name) && self.name == member
    }

    /// Whether the kernel lets no program stand for this member, or none that sleeps: `check_member` of
    /// `struct bpf_struct_ops` (Linux 6.12 `net/ipv4/bpf_tcp_ca.c`, `net/bpf/bpf_dummy_struct_ops.c`).
    pub fn is_unsupported(&self, is_sleepable: bool) -> bool {
        match self.struct_ops.as_deref() {
            Some("tcp_congestion_ops") => self.name == "get_info",
            Some("bpf_dummy_ops") => is_sleepable && self.name != "test_sleepable",
            _ => false,
        }
    }
}

/// Sockets of algorithms against congestion are those of TCP: `bpf_tcp_ca_is_valid_access` (Linux 5.6 `net/ipv4/bpf_tcp_ca.c`).
fn promote_sockets(hook: &mut Hook, btf: &Btf) {
    let find = |name| btf.find_by_name(name, KindSet::STRUCT);
    let (Some(any), Some(tcp)) = (find("sock"), find("tcp_sock")) else { return };
    for slot in &mut hook.slots {
        if let Slot::Object { ty, .. } = slot
            && *ty == any
        {
            *ty = tcp;
        }
    }
}

struct Builder<'b> {
    btf: &'b Btf,
    name: &'b str,
    at: At,
    /// The names of the parameters of the stub, which say more.
    stub: Option<Vec<String>>,
    /// Whether the kernel knows which arguments of tracepoints may be null.
    knows_null: bool,
}

impl Builder<'_> {
    fn build(&self, proto: TypeId) -> Option<Hook> {
        let Ok((_, Type::FuncProto(proto))) = self.btf.resolved(proto) else {
            return None;
        };
        let mut slots = Vec::new();
        let n_skipped = usize::from(self.at == At::Tracepoint);
        for (idx, param) in proto.params().skip(n_skipped).enumerate() {
            let n_slots = match self.btf.size_of(param.ty) {
                Ok(size) => size.div_ceil(8).max(1),
                Err(_) => 1,
            };
            let slot = self.slot(param.ty, param.name, idx);
            for _ in 0..n_slots {
                slots.push(slot.clone());
            }
        }
        let is_void = matches!(self.btf.resolved(proto.ret()), Ok((_, Type::Void)));
        match self.at {
            At::Exit | At::Lsm | At::LsmCgroup | At::ModifyReturn => {
                slots.push(match is_void {
                    true => Slot::Refused(format!("`{}` returns nothing", self.name)),
                    false => self.slot(proto.ret(), "", usize::MAX),
                });
            }
            At::Entry | At::Tracepoint | At::Iterator | At::StructOps => {}
        }
        Some(Hook { name: self.name.to_owned(), slots, is_void, struct_ops: None })
    }

    fn is_trusted(&self) -> bool {
        match self.at {
            At::Tracepoint | At::Iterator | At::StructOps => true,
            At::Lsm | At::LsmCgroup => !UNTRUSTED_LSM.contains(&self.name),
            At::Entry | At::Exit | At::ModifyReturn => false,
        }
    }

    fn slot(&self, ty: TypeId, param: &str, idx: usize) -> Slot {
        let refused = |text: &str| Slot::Refused(format!("{text} of `{}`", self.name));
        let Ok((id, resolved)) = self.btf.resolved(ty) else {
            return refused("an argument");
        };
        let target = match resolved {
            Type::Int(int) if int.size_bytes <= 8 => return Slot::Number,
            Type::Enum(_) | Type::Enum64(_) | Type::Struct(_) => return Slot::Number,
            Type::Union(_) if self.btf.size_of(id).is_ok() => return Slot::Number,
            Type::Ptr { target } => target,
            _ => return refused("an argument that is no number and no pointer"),
        };
        if self.at == At::Iterator
            && let Some(is_read_only) = self.buffer(param)
        {
            return Slot::Buffer { is_read_only };
        }
        match self.btf.resolved(target) {
            Ok((_, Type::Void | Type::Int(_))) => Slot::WholeNumber,
            Ok((ty, resolved)) if resolved.composite().is_some() => {
                self.object(ty, target, param, idx)
            }
            _ => refused("a pointer to something that is no struct"),
        }
    }

    /// Keys and values of maps.
    fn buffer(&self, param: &str) -> Option<bool> {
        match (self.name, param) {
            ("bpf_map_elem" | "sockmap", "key") => Some(true),
            ("bpf_map_elem" | "bpf_sk_storage_map", "value") => Some(false),
            _ => None,
        }
    }

    fn object(&self, ty: TypeId, target: TypeId, param: &str, idx: usize) -> Slot {
        if self.at == At::Iterator
            && let Some((_, _, is_trusted)) =
                ITERATORS.iter().find(|row| row.0 == self.name && row.1 == param)
        {
            let flags = if *is_trusted { PtrFlags::TRUSTED } else { PtrFlags::NONE };
            return Slot::Object { ty, flags, is_nullable: true };
        }
        let mut flags = match self.is_trusted() {
            true => PtrFlags::TRUSTED,
            false => PtrFlags::NONE,
        };
        let tag = walk::tag(self.btf, target);
        if tag != PtrFlags::RCU {
            flags = flags.with(tag);
        }
        let stub_name = self.stub.as_ref().and_then(|names| names.get(idx));
        let is_marked = |name: &str| name.ends_with("__nullable");
        let mut is_nullable = is_marked(param) || stub_name.is_some_and(|name| is_marked(name));
        if self.at == At::Tracepoint && self.knows_null && idx < 16 {
            let mask = super::hook_null::mask(self.name) >> (idx * 4);
            is_nullable |= mask & 1 != 0;
            if mask & 2 != 0 {
                // It may stand for an error.
                return Slot::WholeNumber;
            }
        }
        Slot::Object { ty, flags, is_nullable }
    }
}

impl Hook {
    /// What a read of `n_bytes` at `off` gives.
    pub fn slot(&self, off: u32, n_bytes: u32) -> Result<&Slot, String> {
        if !off.is_multiple_of(8) {
            return Err("the offset is no multiple of 8".to_owned());
        }
        let Some(slot) = self.slots.get(off as usize / 8) else {
            return Err(format!("`{}` does not have that many arguments", self.name));
        };
        match slot {
            Slot::Refused(why) => Err(format!("it is {why}")),
            Slot::Number => Ok(slot),
            _ if n_bytes != 8 => Err("a pointer is read as a whole, 8 bytes".to_owned()),
            _ => Ok(slot),
        }
    }
}
