//! Pointers to objects whose type BTF tells, and what the kernel keeps on the program's stack: dynptrs and iterators.

use bpfc_btf::TypeId;

/// Whose types a type is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Types {
    /// The kernel's.
    Kernel,
    /// The object's own.
    Program,
}

/// What a pointer to a typed object (`PTR_TO_BTF_ID`) leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Typed {
    /// Whose type it is.
    pub types: Types,
    /// The struct, or the type of a per-CPU variable.
    pub ty: TypeId,
    /// How far it can be relied on.
    pub flags: PtrFlags,
}

/// How far a pointer to a typed object can be relied on (`enum bpf_type_flag`, Linux 6.18 `include/linux/bpf.h`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PtrFlags(u8);

impl PtrFlags {
    /// Nothing special: may be read through, and passed where nothing is demanded.
    pub const NONE: PtrFlags = PtrFlags(0);
    /// Valid as long as the program runs (`PTR_TRUSTED`).
    pub const TRUSTED: PtrFlags = PtrFlags(1);
    /// Valid in this RCU section (`MEM_RCU`).
    pub const RCU: PtrFlags = PtrFlags(2);
    /// May lead anywhere: only reads, which the kernel catches (`PTR_UNTRUSTED`).
    pub const UNTRUSTED: PtrFlags = PtrFlags(4);
    /// An object that the program allocated (`MEM_ALLOC`).
    pub const ALLOCATED: PtrFlags = PtrFlags(8);
    /// One per CPU: nothing may be accessed through the pointer itself (`MEM_PERCPU`).
    pub const PERCPU: PtrFlags = PtrFlags(16);
    /// In user space (`MEM_USER`).
    pub const USER: PtrFlags = PtrFlags(32);
    /// In a list or tree that owns it (`NON_OWN_REF`).
    pub const NON_OWNING: PtrFlags = PtrFlags(64);
    /// In a list or tree, and counted references keep it (`bpf_refcount`).
    pub const REFCOUNTED: PtrFlags = PtrFlags(66);

    /// Both sets.
    pub const fn with(self, other: PtrFlags) -> PtrFlags {
        PtrFlags(self.0 | other.0)
    }

    /// The set without `other`.
    pub const fn without(self, other: PtrFlags) -> PtrFlags {
        PtrFlags(self.0 & !other.0)
    }

    /// Whether all of `other` is set.
    pub const fn has(self, other: PtrFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the object is certain to be there, apart from null and references (`BPF_REG_TRUSTED_MODIFIERS`).
    pub const fn is_trusted(self) -> bool {
        const SAFE: u8 = PtrFlags::TRUSTED.0 | PtrFlags::ALLOCATED.0 | PtrFlags::NON_OWNING.0;
        self.0 & SAFE != 0 && self.0 & !SAFE == 0
    }

    /// Whether something is set that makes it less than trusted (`bpf_type_has_unsafe_modifiers`).
    pub const fn is_unsafe(self) -> bool {
        self.0 & !(PtrFlags::TRUSTED.0 | PtrFlags::ALLOCATED.0 | PtrFlags::NON_OWNING.0) != 0
    }
}

/// What a dynptr leads to (`enum bpf_dynptr_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DynptrType {
    /// Memory of a map value.
    Local,
    /// A record of a ring buffer.
    Ringbuf,
    /// The packet of a `struct __sk_buff`.
    Skb,
    /// The packet of a `struct xdp_md`.
    Xdp,
    /// The metadata of a `struct __sk_buff` (Linux 6.18).
    SkbMeta,
}

impl DynptrType {
    /// Whether it holds a reference that must be given back.
    pub fn is_counted(self) -> bool {
        self == DynptrType::Ringbuf
    }

    /// Whether slices of it go when the packet may move.
    pub fn is_packet(self) -> bool {
        matches!(self, DynptrType::Skb | DynptrType::Xdp | DynptrType::SkbMeta)
    }
}

/// What an RCU section means for an iterator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Nothing.
    None,
    /// It was made in the section that is still open.
    InSection,
    /// It was made in no section, or in one that ended.
    Lost,
}

/// A slot of the stack that belongs to something of the kernel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StackObject {
    /// One of the two slots of a `struct bpf_dynptr`.
    Dynptr {
        /// What it leads to.
        ty: DynptrType,
        /// Whether it is the slot with the lower address, whose address is the dynptr's.
        is_first: bool,
        /// Its number, which slices of it refer to.
        id: u32,
        /// The reference that it holds; 0 for none.
        ref_id: u32,
    },
    /// One of the slots of a `struct bpf_iter_…`.
    Iterator {
        /// The struct, in the kernel's types.
        ty: TypeId,
        /// Whether it may still give something.
        is_active: bool,
        /// How often it gave something.
        depth: u32,
        /// The reference that it holds; 0 in all slots but the one with the lowest address.
        ref_id: u32,
        /// Whether it needs an RCU section.
        guard: Guard,
    },
}
