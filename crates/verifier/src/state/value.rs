//! What is known of the contents of a register.

use super::kernel::{PtrFlags, Typed, Types};
use crate::domain::Scalar;
use bpfc_base::index_type;
use bpfc_btf::TypeId;
use bpfc_kabi::ObjectKind;

index_type! {
    /// A map as the verifier sees it: one of the object, the map behind a data section, or the
    /// element of a map of maps.
    pub struct MapIdx, "m"
}

/// The contents of a register.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Value {
    /// What it is.
    pub kind: Kind,
    /// A pointer that may still be null.
    pub is_nullable: bool,
    /// The range of this number mattered for safety, so that states are equal only if they agree
    /// on it.
    pub is_precise: bool,
    /// The number, or the variable part of the pointer's offset.
    pub number: Scalar,
    /// The fixed part of the pointer's offset; for a number with `is_displaced` its distance from
    /// the other numbers of the same id.
    pub off: i32,
    /// The number is the one that its id stands for, plus `off`.
    pub is_displaced: bool,
    /// That sum was of 32 bits, so that its high half is zero.
    pub is_narrow: bool,
    /// How much of the packet behind the pointer (without its fixed offset) is known to exist.
    pub range: PacketRange,
    /// Registers with the same id hold the same: equal numbers, pointers that are null together,
    /// packet pointers with the same variable offset. 0 for none.
    pub id: u32,
    /// Which element of a map of maps the map is, or the value belongs to; 0 where that does not matter.
    pub uid: u32,
    /// The reference that keeps the object alive; 0 for none.
    pub ref_id: u32,
    /// The dynptr that the memory is a slice of; 0 for none.
    pub dynptr_id: u32,
    /// The memory is a part of the packet, which may move.
    pub is_packet_slice: bool,
    /// The instruction that made it, for explanations.
    pub origin: u32,
}

/// What a register holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Nothing that may be read.
    Uninit,
    /// A number.
    Scalar,
    /// Something that this verifier does not model. It may be used in any way.
    Unknown,
    /// The program's context.
    Ctx,
    /// A map.
    Map(MapIdx),
    /// An address in a key of a map, of which the callback is told.
    MapKey(MapIdx),
    /// An address in a value of a map.
    MapValue(MapIdx),
    /// An address in a stack frame.
    Stack {
        /// The frame, counted from the program's own.
        frame: u8,
    },
    /// An address in the packet.
    Packet,
    /// An address in front of the packet.
    PacketMeta,
    /// The end of the packet.
    PacketEnd,
    /// A socket, or the keys of a flow.
    Object(ObjectKind),
    /// Memory of a known size.
    Mem {
        /// The size.
        size_bytes: u32,
        /// Whether writing is forbidden.
        is_read_only: bool,
        /// Whether it is a record of a ring buffer.
        is_record: bool,
    },
    /// A kernel object of unknown type.
    Btf,
    /// An object whose type BTF tells.
    Typed(Typed),
    /// A dynptr that is not the program's: a callback or a global function was given it.
    Dynptr,
    /// A function of the program.
    Func(u32),
    /// An address in the buffer of a writable tracepoint, whose size is known only where it is attached.
    TracepointBuffer,
    /// An address in the program's arena: any 32 bits, as faults there are harmless.
    Arena,
}

/// What is known of the packet's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketRange {
    /// This many bytes exist.
    Bytes(u16),
    /// The pointer is at the packet's end or behind it.
    AtEnd,
    /// The pointer is behind the packet's end.
    BeyondEnd,
}

impl Value {
    /// Nothing that may be read.
    pub const UNINIT: Value = Value {
        kind: Kind::Uninit,
        is_nullable: false,
        is_precise: false,
        number: Scalar::UNKNOWN,
        off: 0,
        is_displaced: false,
        is_narrow: false,
        range: PacketRange::Bytes(0),
        id: 0,
        uid: 0,
        ref_id: 0,
        dynptr_id: 0,
        is_packet_slice: false,
        origin: 0,
    };

    /// A number.
    pub const fn scalar(number: Scalar, origin: u32) -> Value {
        Value { kind: Kind::Scalar, number, origin, ..Value::UNINIT }
    }

    /// A pointer to the start of something.
    pub const fn pointer(kind: Kind, origin: u32) -> Value {
        Value { kind, number: Scalar::ZERO, origin, ..Value::UNINIT }
    }

    /// A pointer to an object of the kernel.
    pub const fn object(ty: TypeId, flags: PtrFlags, origin: u32) -> Value {
        Value::pointer(Kind::Typed(Typed { types: Types::Kernel, ty, flags }), origin)
    }

    /// What it leads to, if BTF tells.
    pub fn typed(&self) -> Option<Typed> {
        match self.kind {
            Kind::Typed(typed) => Some(typed),
            _ => None,
        }
    }

    /// Whether the object behind it is certain to be there (`is_trusted_reg`, Linux 6.18 `kernel/bpf/verifier.c`).
    pub fn is_trusted(&self) -> bool {
        self.ref_id != 0
            || !self.is_nullable
                && match self.kind {
                    Kind::Typed(typed) => typed.flags.is_trusted(),
                    Kind::Object(object) => object != ObjectKind::FlowKeys,
                    Kind::Map(_) => true,
                    _ => false,
                }
    }

    /// Something that this verifier does not model.
    pub const fn unknown(origin: u32) -> Value {
        Value { kind: Kind::Unknown, origin, ..Value::UNINIT }
    }

    /// The number is no longer related to others.
    pub fn unlink(&mut self) {
        self.id = 0;
        self.off = 0;
        self.is_displaced = false;
        self.is_narrow = false;
    }

    /// Whether it is a number.
    pub fn is_scalar(&self) -> bool {
        self.kind == Kind::Scalar
    }

    /// Whether it is a pointer of a known kind.
    pub fn is_pointer(&self) -> bool {
        !matches!(self.kind, Kind::Uninit | Kind::Scalar | Kind::Unknown)
    }

    /// Whether it is the number 0.
    pub fn is_zero(&self) -> bool {
        self.is_scalar() && self.number.as_constant() == Some(0)
    }

    /// Whether it points into or in front of the packet.
    pub fn is_packet(&self) -> bool {
        matches!(self.kind, Kind::Packet | Kind::PacketMeta)
    }

    /// The whole offset of a pointer, if it is known.
    pub fn fixed_offset(&self) -> Option<i64> {
        let variable = self.number.as_constant()? as i64;
        variable.checked_add(self.off.into())
    }

    /// Whether a pointer of this kind is known not to be null (`reg_not_null`, Linux 6.12
    /// `kernel/bpf/verifier.c`).
    pub fn is_never_null(&self) -> bool {
        !self.is_nullable
            && matches!(
                self.kind,
                Kind::Object(_)
                    | Kind::MapKey(_)
                    | Kind::MapValue(_)
                    | Kind::Map(_)
                    | Kind::Mem { .. }
            )
            || !self.is_nullable && self.typed().is_some() && self.is_trusted()
    }
}
