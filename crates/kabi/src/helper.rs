//! Helpers: what C sees of them ([`Signature`]) and what the verifier demands of them ([`Proto`]).
//!
//! Source: `include/uapi/linux/bpf.h` for names, ids and signatures; every `struct bpf_func_proto` of Linux 6.12
//! for contracts, and the `*_func_proto` functions for who may call what.

use std::fmt;

use crate::ctype::CType;
use crate::prog::{ProgType, ProgTypes};
use crate::tables::helper::{BY_NAME, HELPERS};
use crate::version::KernelVersion;

/// One helper function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Helper {
    /// The number in `call` instructions, from 1.
    pub id: u32,
    /// The C name, `bpf_…`.
    pub name: &'static str,
    /// The first kernel that has it.
    pub since: KernelVersion,
    /// Whether only programs with a GPL-compatible license may call it.
    pub gpl_only: bool,
    /// What C sees.
    pub signature: Signature,
    /// What the verifier demands, unless a row of `variants` holds.
    pub proto: Proto,
    /// Contracts that differ by program type.
    pub variants: &'static [(ProgTypes, Proto)],
    /// Program types that may call it in Linux 6.12, in some configuration and for some attach type.
    /// [`ProgType::Ext`] is in every set: its target decides.
    pub progs: ProgTypes,
    /// Program types that gained it later, with the release.
    pub progs_later: &'static [(KernelVersion, ProgTypes)],
    /// What a call does to the verifier's state beside its arguments and result.
    pub effects: Effects,
}

/// A C function type with parameter names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The return type.
    pub ret: CType,
    /// The named parameters, at most five.
    pub params: &'static [Param],
    /// Whether `...` follows (`bpf_trace_printk`).
    pub is_variadic: bool,
}

/// A named parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// The name in the kernel's documentation.
    pub name: &'static str,
    /// The type.
    pub ty: CType,
}

/// The verifier's contract: one row of `struct bpf_func_proto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proto {
    /// The result in `r0`.
    pub ret: Ret,
    /// The arguments in `r1`…`r5`; unused registers have no row.
    pub args: &'static [Arg],
}

/// What the verifier demands of one argument (`enum bpf_arg_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arg {
    /// The kind.
    pub kind: ArgKind,
    /// Modifiers.
    pub flags: ArgFlags,
}

/// The base of `enum bpf_arg_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    /// A map, known at verification time.
    ConstMapPtr,
    /// `key_size` readable bytes, for the map in the preceding map argument.
    MapKey,
    /// `value_size` bytes, for the map in the preceding map argument.
    MapValue,
    /// Memory whose size the next argument gives.
    Mem,
    /// Memory of exactly this many bytes.
    FixedMem(u32),
    /// The size of the memory in the previous argument, above 0.
    ConstSize,
    /// The size of the memory in the previous argument.
    ConstSizeOrZero,
    /// The size of the memory to allocate, known at verification time.
    ConstAllocSize,
    /// The program's context, unmodified.
    Ctx,
    /// Any initialized value.
    Anything,
    /// A `struct bpf_spin_lock` in a map value or an allocated object.
    SpinLock,
    /// A `struct sock_common`, or anything that starts with one.
    SockCommon,
    /// A full socket.
    Socket,
    /// A kernel object of this struct.
    BtfId(&'static str),
    /// A kernel object that starts with `struct sock_common`, or a `struct bpf_sock`.
    BtfSockCommon,
    /// Memory from `bpf_ringbuf_reserve`.
    RingbufMem,
    /// The address of a per-CPU kernel variable.
    PercpuBtfId,
    /// A function of the program.
    Func,
    /// Initialized memory on the stack.
    Stack,
    /// A string in a read-only map.
    ConstStr,
    /// A `struct bpf_timer` in a map value.
    Timer,
    /// A kptr field of a map value or an allocated object.
    KptrDest,
    /// A kernel object or allocated object to be moved into a kptr field of the same type.
    Kptr,
    /// A `struct bpf_dynptr` on the stack.
    Dynptr(DynptrKind),
}

/// What a dynptr argument points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DynptrKind {
    /// Any initialized dynptr.
    Any,
    /// Memory of the program.
    Local,
    /// A ring buffer record.
    Ringbuf,
}

/// Modifiers of an argument (`enum bpf_type_flag`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArgFlags(u8);

impl ArgFlags {
    /// No modifier.
    pub const NONE: Self = Self(0);
    /// May be null (`PTR_MAYBE_NULL`).
    pub const NULLABLE: Self = Self(1);
    /// Need not be initialized: the helper fills all of it (`MEM_UNINIT`).
    pub const UNINIT: Self = Self(2);
    /// The helper writes it (`MEM_WRITE`).
    pub const WRITE: Self = Self(4);
    /// The helper only reads it, read-only memory will do (`MEM_RDONLY`).
    pub const READ_ONLY: Self = Self(8);
    /// Must be aligned to its size (`MEM_ALIGNED`).
    pub const ALIGNED: Self = Self(16);
    /// The call gives the reference back (`OBJ_RELEASE`).
    pub const RELEASE: Self = Self(32);

    /// Both sets.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What the verifier knows of the result (`enum bpf_return_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ret {
    /// The kind.
    pub kind: RetKind,
    /// Whether a pointer may be null and must be tested.
    pub is_nullable: bool,
    /// Whether the memory is read-only.
    pub is_read_only: bool,
    /// Whether a pointer to a kernel object is trusted (valid and never null).
    pub is_trusted: bool,
}

/// The base of `enum bpf_return_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetKind {
    /// A number.
    Integer,
    /// Nothing: `r0` is unreadable.
    Void,
    /// A value of the map in the map argument.
    MapValue,
    /// `struct bpf_sock`.
    Socket,
    /// `struct bpf_tcp_sock`.
    TcpSock,
    /// `struct bpf_sock` of which only the common part may be read.
    SockCommon,
    /// Memory of the size in the [`ArgKind::ConstAllocSize`] argument, a ring buffer record.
    RingbufMem,
    /// Memory of the size in the [`ArgKind::ConstAllocSize`] argument, the data of a dynptr.
    DynptrMem,
    /// The per-CPU variable in the [`ArgKind::PercpuBtfId`] argument.
    PercpuVariable,
    /// A kernel object of this struct.
    BtfId(&'static str),
    /// The object that was in the kptr field.
    Kptr,
}

/// What a call does to the verifier's state beside its arguments and result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effects {
    /// Invalidates every packet pointer (`bpf_helper_changes_pkt_data`, `net/core/filter.c`).
    pub changes_packet: bool,
    /// The result holds a reference that must be released (`is_acquire_function`, `kernel/bpf/verifier.c`).
    /// `bpf_map_lookup_elem` acquires too, on a sockmap or sockhash only; it is not marked.
    pub acquires: bool,
    /// The result shares the reference of the first argument (`is_ptr_cast_function`, `is_dynptr_ref_function`).
    pub shares_reference: bool,
    /// May be called from sleepable programs only.
    pub might_sleep: bool,
    /// Takes pointers into the packet as memory arguments.
    pub pkt_access: bool,
    /// Calls the [`ArgKind::Func`] argument, and how.
    pub callback: Option<Callback>,
}

impl Effects {
    /// A plain call.
    pub const NONE: Self = Self {
        changes_packet: false,
        acquires: false,
        shares_reference: false,
        might_sleep: false,
        pkt_access: false,
        callback: None,
    };
}

/// What a helper calls back.
///
/// Source: `set_*_callback_state` and `check_return_code`, `kernel/bpf/verifier.c` (6.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callback {
    /// `long cb(struct bpf_map *map, const void *key, void *value, void *ctx)`; 0 continues, 1 stops.
    ForEachMapElem,
    /// `int cb(void *map, int *key, void *value)`, later and without a frame of the caller; returns 0.
    Timer,
    /// `long cb(struct task_struct *task, struct vm_area_struct *vma, void *ctx)`; returns 0 or 1.
    FindVma,
    /// `long cb(__u64 index, void *ctx)`; 0 continues, 1 stops.
    Loop,
    /// `long cb(struct bpf_dynptr *dynptr, void *ctx)`; 0 continues, 1 stops.
    UserRingbufDrain,
}

impl Callback {
    /// The number of parameters the callback is given.
    pub const fn n_params(self) -> usize {
        match self {
            Self::ForEachMapElem => 4,
            Self::Timer | Self::FindVma => 3,
            Self::Loop | Self::UserRingbufDrain => 2,
        }
    }

    /// The values the callback may return.
    pub const fn return_range(self) -> (i64, i64) {
        match self {
            Self::Timer => (0, 0),
            Self::ForEachMapElem | Self::FindVma | Self::Loop | Self::UserRingbufDrain => (0, 1),
        }
    }
}

/// All helpers by ascending id; the one with id `n` is at index `n - 1`.
pub fn helpers() -> &'static [Helper] {
    &HELPERS
}

/// The helper with this C name (`bpf_…`).
pub fn helper(name: &str) -> Option<&'static Helper> {
    let idx = BY_NAME.binary_search_by(|id| HELPERS[usize::from(*id) - 1].name.cmp(name)).ok()?;
    helper_by_id(u32::from(BY_NAME[idx]))
}

/// The helper with this id.
pub fn helper_by_id(id: u32) -> Option<&'static Helper> {
    HELPERS.get(usize::try_from(id).ok()?.checked_sub(1)?)
}

/// The C names of all helpers in alphabetical order.
pub fn helper_names() -> impl ExactSizeIterator<Item = &'static str> {
    BY_NAME.iter().map(|id| HELPERS[usize::from(*id) - 1].name)
}

impl Helper {
    /// The contract of a call from a program of type `prog`.
    pub fn proto_for(&self, prog: ProgType) -> &'static Proto {
        let row: &'static Helper = &HELPERS[self.id as usize - 1];
        row.variants
            .iter()
            .find(|(progs, _)| progs.contains(prog))
            .map_or(&row.proto, |(_, proto)| proto)
    }

    /// Whether a program of type `prog` may call it, in some configuration and for some attach type.
    ///
    /// Without a kernel the newest one known counts.
    pub fn is_allowed(&self, prog: ProgType, kernel: Option<KernelVersion>) -> bool {
        let mut later = self
            .progs_later
            .iter()
            .filter(|(since, _)| kernel.is_none_or(|kernel| kernel >= *since));
        let is_there = kernel.is_none_or(|kernel| kernel >= self.since.max(prog.since()));
        is_there && (self.progs.contains(prog) || later.any(|(_, progs)| progs.contains(prog)))
    }

    /// The index of the argument whose reference the call gives back.
    pub fn released_arg(&self) -> Option<usize> {
        self.proto.args.iter().position(|arg| arg.flags.has(ArgFlags::RELEASE))
    }
}

/// Prints the C prototype.
impl fmt::Display for Helper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = |ty: &CType| if ty.is_ptr() { "" } else { " " };
        let ret = &self.signature.ret;
        write!(f, "{ret}{}{}(", space(ret), self.name)?;
        for (idx, param) in self.signature.params.iter().enumerate() {
            let comma = if idx == 0 { "" } else { ", " };
            write!(f, "{comma}{}{}{}", param.ty, space(&param.ty), param.name)?;
        }
        match (self.signature.params.is_empty(), self.signature.is_variadic) {
            (true, _) => f.write_str("void)"),
            (false, true) => f.write_str(", ...)"),
            (false, false) => f.write_str(")"),
        }
    }
}
