//! Instructions.

use super::{AsmId, AtomicOp, BinaryOp, Cond, FuncId, GlobalId, Type, Width};
use bpfc_base::{Span, index_type};

index_type! {
    /// An instruction and its result.
    pub struct Value, "v"
}
index_type! {
    /// A piece of the stack frame.
    pub struct SlotId, "slot"
}
index_type! {
    /// A question to the kernel's BTF, of [`Func::cores`](super::Func::cores).
    pub struct CoreId, "core"
}

/// An instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Inst {
    /// What it does.
    pub op: Op,
    /// Type of its result.
    pub ty: Type,
    /// The source that it stands for.
    pub span: Span,
}

/// What an instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    // Leaves: in no block, unique in their function.
    /// A constant of any type, wrapped as [`Type::wrap`] does.
    Const(i64),
    /// Any value, not necessarily the same at each use. Emitted as zero if at all.
    Undef,
    /// An address in the stack frame, in bytes from the slot's start.
    SlotAddr(SlotId, i32),
    /// An address in a global; with offset 0 the object that stands for a map, or the
    /// address of a kernel symbol.
    GlobalAddr(GlobalId, i32),
    /// The address of a function, for callbacks.
    FuncAddr(FuncId),
    /// An `i64` constant that the loader computes (CO-RE).
    Core(CoreId),

    /// A parameter of the block that lists it.
    Param,

    // Pure.
    /// On `i32` or `i64`, both operands of the result's type.
    Binary(BinaryOp, Value, Value),
    /// `i32` 0 or 1; operands of one type. Pointers compare unsigned.
    Compare(Cond, Value, Value),
    /// `i32` to `i64`, upper half zero.
    Zext(Value),
    /// The low bits, sign-extended to the result's type: 8 or 16 from a value of that
    /// type, or `W32` from `i32` to `i64`.
    Sext(Value, Width),
    /// `i64` to `i32`: the lower half.
    Trunc(Value),
    /// Pointer plus `i64` bytes.
    PtrAdd(Value, Value),
    /// `ptr` to `i64`; free.
    PtrToInt(Value),
    /// `i64` to `ptr`; free.
    IntToPtr(Value),
    /// The low 16, 32 or 64 bits with bytes in reverse order, zero-extended; result and
    /// operand of one type.
    Bswap(Value, Width),

    // Memory and control.
    /// The value, of which nothing is known any more: it is neither folded nor moved.
    Opaque(Value),
    /// `__builtin_constant_p`: 1 where the operand has become a constant, 0 if that never
    /// happens; `i32`. [`decide_constants`](crate::passes::decide_constants) ends the wait.
    IsConstant(Value),
    /// Zero-extended to the result's type, which is at least as wide.
    Load(Access),
    /// The low bits of the value.
    Store(Access, Value),
    /// Copies memory that does not overlap, or is identical.
    MemCopy {
        /// Where to.
        dst: Address,
        /// Where from.
        src: Address,
        /// How much.
        n_bytes: u32,
        /// Alignment of both addresses.
        align: u32,
    },
    /// Fills memory with one byte.
    MemSet {
        /// Where.
        dst: Address,
        /// An `i32`, of which the lowest byte counts.
        byte: Value,
        /// How much.
        n_bytes: u32,
        /// Alignment of the address.
        align: u32,
    },
    /// An atomic operation on 4 or 8 bytes; the result is the old value, of the width's
    /// type, or `void` if nobody asks for it.
    Atomic {
        /// Which.
        op: AtomicOp,
        /// Where; always 4 or 8 bytes.
        access: Access,
        /// The new value, or what is combined with the old one.
        value: Value,
        /// For compare-exchange: what memory must contain.
        expected: Option<Value>,
    },
    /// A call; arguments are `i64` or `ptr`.
    Call(Callee, ArgList),
    /// Legacy packet access (RFC 9669 §5.5): `i64` in host order; leaves the program if
    /// out of bounds. First operand: the context. Second: the offset, `i64`.
    LoadPacket(Value, Value, Width),
    /// No memory access moves over it.
    Barrier,
    /// Inline assembly with its arguments: `i32`, 0 where it goes on behind it, `n` where it
    /// jumps to the `n`th of its labels.
    Asm(AsmId, ArgList),
    /// An output of inline assembly, `i64` or `ptr`; follows it in the same block.
    AsmResult(Value, u32),
}

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Callee {
    /// A function of the module, or a kfunc.
    Func(FuncId),
    /// A helper by number.
    Helper(u32),
    /// What the first argument points to. BPF has no such call: it must become known.
    Indirect,
    /// `memcpy` and the like of a size that is not known yet. Arguments: where to, from where
    /// or which byte, the size, and the alignment as a constant; no result but for `Compare`,
    /// whose is `i32`.
    Memory(MemoryOp),
}

/// Operations on memory of a size that is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are C's")]
pub enum MemoryOp {
    Copy,
    Move,
    Set,
    Compare,
}

impl MemoryOp {
    /// The name in the text form: the library function's.
    pub fn name(self) -> &'static str {
        match self {
            MemoryOp::Copy => "memcpy",
            MemoryOp::Move => "memmove",
            MemoryOp::Set => "memset",
            MemoryOp::Compare => "memcmp",
        }
    }
}

/// An address: a pointer and a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// The pointer.
    pub base: Value,
    /// In bytes. Passes keep it within the 16 bits that an instruction has.
    pub offset: i32,
    /// The loader computes the offset; `offset` is what the local types say.
    pub core: Option<CoreId>,
}

impl Address {
    /// What a pointer points to.
    pub fn new(base: Value, offset: i32) -> Self {
        Self { base, offset, core: None }
    }
}

/// A memory access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    /// Where.
    pub address: Address,
    /// How much.
    pub width: Width,
    /// Guaranteed alignment in bytes, a power of two; at least the width's as a rule.
    pub align: u32,
    /// Neither removed, nor moved, nor changed in width.
    pub is_volatile: bool,
    /// An acquire if it loads, a release if it stores, where the instruction set has them; also volatile. Passes keep
    /// other accesses on their side of it because a barrier is on that side.
    pub is_ordered: bool,
}

impl Access {
    /// An ordinary access with natural alignment.
    pub fn new(address: Address, width: Width) -> Self {
        Self { address, width, align: width.bytes(), is_volatile: false, is_ordered: false }
    }
}

/// Arguments of a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ArgList {
    n_args: u8,
    args: [Value; ArgList::MAX],
}

impl ArgList {
    /// Longest list. Only inlined functions can have more arguments than
    /// [`ArgList::MAX_REGISTERS`].
    pub const MAX: usize = 12;
    /// BPF passes arguments in `r1` to `r5` (RFC 9669 §2.2).
    pub const MAX_REGISTERS: usize = 5;

    /// The list of `args`; `None` if they are too many.
    pub fn new(args: &[Value]) -> Option<Self> {
        let mut list = [<Value as bpfc_base::Idx>::new(0); Self::MAX];
        list.get_mut(..args.len())?.copy_from_slice(args);
        Some(Self { n_args: args.len() as u8, args: list })
    }

    /// The arguments.
    pub fn as_slice(&self) -> &[Value] {
        &self.args[..usize::from(self.n_args)]
    }

    /// The arguments.
    pub fn as_mut_slice(&mut self) -> &mut [Value] {
        &mut self.args[..usize::from(self.n_args)]
    }
}

impl std::fmt::Debug for ArgList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}

impl Op {
    /// True for what is in no block.
    pub fn is_leaf(&self) -> bool {
        use Op::*;
        matches!(self, Const(_) | Undef | SlotAddr(..) | GlobalAddr(..) | FuncAddr(_) | Core(_))
    }

    /// True if it computes a value from its operands only, always the same.
    pub fn is_pure(&self) -> bool {
        use Op::*;
        matches!(
            self,
            Binary(..)
                | Compare(..)
                | Zext(_)
                | Sext(..)
                | Trunc(_)
                | PtrAdd(..)
                | PtrToInt(_)
                | IntToPtr(_)
                | Bswap(..)
                | IsConstant(_)
        )
    }

    /// True if it may go when nobody uses its result.
    pub fn is_removable(&self) -> bool {
        self.is_pure()
            || self.is_leaf()
            || matches!(self, Op::Param | Op::AsmResult(..))
            || matches!(self, Op::Load(access) if !access.is_volatile)
    }

    /// True if it may change memory, or end the program.
    pub fn has_effect(&self) -> bool {
        !self.is_removable() && !matches!(self, Op::Opaque(_))
    }

    /// Calls `visit` with every operand, in the order of the text form.
    pub fn for_each_operand(&self, mut visit: impl FnMut(Value)) {
        let mut copy = *self;
        copy.for_each_operand_mut(|value| visit(*value));
    }

    /// Calls `visit` with every operand, in the order of the text form.
    pub fn for_each_operand_mut(&mut self, mut visit: impl FnMut(&mut Value)) {
        use Op::*;
        match self {
            Const(_) | Undef | SlotAddr(..) | GlobalAddr(..) | FuncAddr(_) | Core(_) | Param
            | Barrier => {}
            Binary(_, a, b) | Compare(_, a, b) | PtrAdd(a, b) | LoadPacket(a, b, _) => {
                visit(a);
                visit(b);
            }
            Zext(a)
            | Sext(a, _)
            | Trunc(a)
            | PtrToInt(a)
            | IntToPtr(a)
            | Bswap(a, _)
            | AsmResult(a, _)
            | IsConstant(a)
            | Opaque(a) => visit(a),
            Load(access) => visit(&mut access.address.base),
            Store(access, value) => {
                visit(&mut access.address.base);
                visit(value);
            }
            MemCopy { dst, src, .. } => {
                visit(&mut dst.base);
                visit(&mut src.base);
            }
            MemSet { dst, byte, .. } => {
                visit(&mut dst.base);
                visit(byte);
            }
            Atomic { access, value, expected, .. } => {
                visit(&mut access.address.base);
                visit(value);
                expected.iter_mut().for_each(visit);
            }
            Call(_, args) | Asm(_, args) => args.as_mut_slice().iter_mut().for_each(visit),
        }
    }
}
