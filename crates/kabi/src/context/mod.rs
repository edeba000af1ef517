//! Contexts: which struct a program of each type is given, and what it may read and write of it.
//!
//! Source: the `*_is_valid_access` functions of Linux 6.12 (`net/core/filter.c`, `kernel/bpf/cgroup.c`,
//! `kernel/trace/bpf_trace.c`). Program types whose context is described by BTF (`Tracing`, `Lsm`, `StructOps`,
//! `Ext`) are [`ContextKind::Btf`]: an array of `u64` of which BTF tells what each is.

mod layout;
mod rules;

use crate::ctype::CType;
use crate::prog::{AttachType, ProgType};

pub use rules::context_of;

/// A struct with a layout that the kernel presents to programs. It need not exist in this form in the kernel.
#[derive(Debug, PartialEq, Eq)]
pub struct Context {
    /// The C name without `struct`.
    pub struct_name: &'static str,
    /// The size of the whole.
    pub size_bytes: u32,
    /// The fields by ascending offset; of a union one member. Gaps are padding.
    pub fields: &'static [CtxField],
}

/// A field of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CtxField {
    /// The C name.
    pub name: &'static str,
    /// The offset in bytes.
    pub offset: u32,
    /// The C type; the size of an array's element is the full size of an access.
    pub ty: CType,
    /// Which sizes an access may have.
    pub sizes: Sizes,
    /// What a full-size read yields.
    pub value: CtxValue,
}

/// Which sizes an access to a field may have. Every access must be aligned to its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// The full size only.
    Exact,
    /// Reads of at most the full size, writes of the full size.
    Narrow,
    /// As `Narrow`, but reads of two bytes at least.
    AtLeastHalf,
    /// As `Narrow`, and four bytes for a field of two.
    NarrowOrWord,
    /// As `Narrow`, and eight bytes for two elements of an array of four-byte elements.
    NarrowOrPair,
    /// Any size that stays inside the field.
    Any,
}

/// What a read of a field yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CtxValue {
    /// A number.
    Scalar,
    /// The start of the packet (`data`), or of the option value.
    Packet,
    /// The end of the packet (`data_end`).
    PacketEnd,
    /// The start of the metadata in front of the packet (`data_meta`).
    PacketMeta,
    /// `struct bpf_sock`, never null.
    Socket,
    /// `struct bpf_sock` or null.
    SocketOrNull,
    /// `struct bpf_sock` of which only the common part may be read, or null.
    SockCommonOrNull,
    /// `struct bpf_flow_keys`, readable and writable.
    FlowKeys,
    /// The buffer of a writable raw tracepoint.
    TracepointBuffer,
    /// A trusted kernel object of this struct.
    Btf(&'static str),
}

/// What the context of a program type is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextKind {
    /// A struct of these fields, with the rules of the program type.
    Struct(&'static Context),
    /// Memory of this many bytes without fields: the record of a tracepoint (whose first 8 bytes are hidden), the
    /// argument of a `syscall` program, the sample of a lirc program.
    Bytes {
        /// The first byte that may be accessed.
        start: u32,
        /// The first byte that may not.
        end: u32,
        /// Whether it may be written.
        is_writable: bool,
        /// Whether every access must have four bytes.
        is_word: bool,
    },
    /// Arguments of eight bytes, described by the BTF of the attach target.
    Btf,
}

/// Whether an access reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessOp {
    /// A load.
    Read,
    /// A store; atomic operations on a context are always refused.
    Write,
}

/// Why an access to a context is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CtxFault {
    /// It is outside the context or in padding.
    NoField,
    /// It is not aligned to its size.
    Misaligned,
    /// The field exists, but not for this program type or attach type.
    Denied(&'static CtxField),
    /// The field may be read only.
    ReadOnly(&'static CtxField),
    /// The field may not be accessed with this size.
    Size(&'static CtxField),
    /// The context has no fields and may be read only.
    ReadOnlyContext,
}

impl CtxField {
    /// The size of the field, or of one element of an array.
    pub fn element_bytes(&self) -> u32 {
        let element = match self.ty {
            CType::Array { of, .. } => of.size_bytes(),
            ty => ty.size_bytes(),
        };
        element.expect("context fields are numbers, pointers and arrays of numbers")
    }

    /// The first offset behind the field.
    pub fn end(&self) -> u32 {
        self.offset
            + self
                .ty
                .size_bytes()
                .expect("context fields are numbers, pointers and arrays of numbers")
    }

    /// Whether an aligned access of `size` bytes at `offset` fits [`CtxField::sizes`].
    fn allows(&self, offset: u32, size: u32, op: AccessOp) -> bool {
        let full = self.element_bytes();
        let narrow = if op == AccessOp::Read { size <= full } else { size == full };
        match self.sizes {
            Sizes::Exact => size == full,
            Sizes::Narrow => narrow,
            Sizes::AtLeastHalf => narrow && size >= 2,
            Sizes::NarrowOrWord => narrow || (size == 4 && offset == self.offset),
            Sizes::NarrowOrPair => narrow || (size == 8 && offset + size <= self.end()),
            Sizes::Any => offset + size <= self.end(),
        }
    }
}

impl Context {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&'static CtxField> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The field that contains this offset.
    pub fn field_at(&self, offset: u32) -> Option<&'static CtxField> {
        let idx = self.fields.partition_point(|field| field.offset <= offset).checked_sub(1)?;
        Some(&self.fields[idx]).filter(|field| offset < field.end())
    }
}

/// What an access of `size` bytes (1, 2, 4 or 8) at `offset` of the context yields, or why it is refused.
///
/// `attach` is the expected attach type. For [`ContextKind::Btf`] the answer is a scalar: the caller has the BTF.
pub fn access_ctx(
    prog: ProgType,
    attach: Option<AttachType>,
    offset: u32,
    size: u32,
    op: AccessOp,
) -> Result<CtxValue, CtxFault> {
    if !size.is_power_of_two() || !offset.is_multiple_of(size) {
        return Err(CtxFault::Misaligned);
    }
    match context_of(prog) {
        ContextKind::Struct(context) => {
            let field = context.field_at(offset).ok_or(CtxFault::NoField)?;
            rules::check_field(prog, attach, field, op)?;
            if !field.allows(offset, size, op) {
                return Err(CtxFault::Size(field));
            }
            match (prog, offset, size) {
                (ProgType::RawTracepointWritable, 0, 8) => Ok(CtxValue::TracepointBuffer),
                (ProgType::RawTracepointWritable, 0, _) => Err(CtxFault::Size(field)),
                _ => Ok(field.value),
            }
        }
        ContextKind::Bytes { start, end, is_writable, is_word } => {
            let is_inside =
                offset >= start && offset.checked_add(size).is_some_and(|last| last <= end);
            if !is_inside || (is_word && size != 4) {
                Err(CtxFault::NoField)
            } else if op == AccessOp::Write && !is_writable {
                Err(CtxFault::ReadOnlyContext)
            } else {
                Ok(CtxValue::Scalar)
            }
        }
        ContextKind::Btf => match op {
            AccessOp::Write => Err(CtxFault::ReadOnlyContext),
            AccessOp::Read if offset + size > 8 * rules::MAX_BTF_ARGS => Err(CtxFault::NoField),
            AccessOp::Read => Ok(CtxValue::Scalar),
        },
    }
}

/// Which object a pointer from a helper or from a context leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// `struct bpf_sock`.
    Socket,
    /// `struct bpf_sock`, common part.
    SockCommon,
    /// `struct bpf_tcp_sock`.
    TcpSock,
    /// `struct bpf_xdp_sock`.
    XdpSock,
    /// `struct bpf_flow_keys`.
    FlowKeys,
}

/// The struct behind an object.
pub fn object_context(kind: ObjectKind) -> &'static Context {
    match kind {
        ObjectKind::Socket | ObjectKind::SockCommon => &layout::SOCK,
        ObjectKind::TcpSock => &layout::TCP_SOCK,
        ObjectKind::XdpSock => &layout::XDP_SOCK,
        ObjectKind::FlowKeys => &layout::FLOW_KEYS,
    }
}

/// Whether an access to an object is allowed. Only flow keys may be written, with any size.
pub fn access_object(
    kind: ObjectKind,
    offset: u32,
    size: u32,
    op: AccessOp,
) -> Result<(), CtxFault> {
    let context = object_context(kind);
    if kind == ObjectKind::FlowKeys {
        let is_inside = offset.checked_add(size).is_some_and(|end| end <= context.size_bytes);
        return if is_inside { Ok(()) } else { Err(CtxFault::NoField) };
    }
    if !size.is_power_of_two() || !offset.is_multiple_of(size) {
        return Err(CtxFault::Misaligned);
    }
    let field = context.field_at(offset).ok_or(CtxFault::NoField)?;
    let is_common = !matches!(field.name, "type" | "protocol" | "mark" | "priority");
    if kind == ObjectKind::SockCommon && !is_common {
        return Err(CtxFault::Denied(field));
    }
    if op == AccessOp::Write {
        return Err(CtxFault::ReadOnly(field));
    }
    if field.allows(offset, size, op) { Ok(()) } else { Err(CtxFault::Size(field)) }
}
