//! The operands of instructions: operations, sizes, sources, callees.

use crate::Reg;

/// Whether an operation works on 64-bit registers (`r1`) or their lower halves (`w1`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Width {
    W32,
    W64,
}

/// The size of a memory access. The names are those of RFC 9669 §5: byte, half word, word and
/// double word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Size {
    B,
    H,
    W,
    DW,
}

/// The size of a packet access: a [`Size`] that is not [`Size::DW`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Narrow {
    B,
    H,
    W,
}

/// The type of a loaded object. Unsigned types are zero-extended to 64 bits, signed ones
/// sign-extended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum LoadType {
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
}

/// A sign extension between registers: destination width and bits taken from the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Extension {
    W32From8,
    W32From16,
    W64From8,
    W64From16,
    W64From32,
}

/// The second operand of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Src {
    /// A register.
    Reg(Reg),
    /// A constant, sign-extended for 64-bit operations.
    Imm(i32),
}

/// An arithmetic operation (RFC 9669 §4.1).
///
/// Division by zero yields 0, the remainder by zero the dividend; shift counts are taken modulo the
/// width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum AluOp {
    Add,
    Sub,
    Mul,
    Div,
    SDiv,
    Mod,
    SMod,
    Or,
    And,
    Xor,
    Lsh,
    Rsh,
    Arsh,
    Mov,
}

/// A byte order operation (RFC 9669 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SwapOp {
    /// Between host and little-endian byte order.
    Le,
    /// Between host and big-endian byte order.
    Be,
    /// Always reverse.
    Swap,
}

/// How many low bits of the register a byte order operation works on; the rest becomes zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum SwapBits {
    B16,
    B32,
    B64,
}

/// What a 64-bit immediate load loads (RFC 9669 §5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // Each variant explains its fields.
pub enum Wide {
    /// The number itself.
    Value(u64),
    /// The map with this file descriptor.
    MapFd(i32),
    /// An address inside the only value of the map with this file descriptor.
    MapValue { fd: i32, off: u32 },
    /// The address of the kernel variable with this BTF id; `fd` is the module's BTF, 0 for vmlinux.
    BtfId { id: u32, fd: u32 },
    /// The address of the function that starts `off` slots after the second slot of this
    /// instruction (`add_subprog_and_kfunc` in Linux 5.13 `kernel/bpf/verifier.c`).
    Func { off: i32 },
    /// The map at this index of the load's `fd_array`.
    MapIdx(u32),
    /// An address inside the only value of the map at this index of the load's `fd_array`.
    MapIdxValue { idx: u32, off: u32 },
}

/// An atomic operation (RFC 9669 §5.3).
///
/// Those named `Fetch…` and [`AtomicOp::Xchg`] put the old value into `src`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AtomicOp {
    /// `*p += src`
    Add,
    /// `*p |= src`
    Or,
    /// `*p &= src`
    And,
    /// `*p ^= src`
    Xor,
    /// `src = old, *p += src`
    FetchAdd,
    /// `src = old, *p |= src`
    FetchOr,
    /// `src = old, *p &= src`
    FetchAnd,
    /// `src = old, *p ^= src`
    FetchXor,
    /// `src = old, *p = src`
    Xchg,
    /// `r0 = old`, and `*p = src` if the old value was `r0`.
    CmpXchg,
}

/// The condition of a jump (RFC 9669 §4.3). `S…` compare as signed numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JmpOp {
    /// `dst == src`
    Eq,
    /// `dst != src`
    Ne,
    /// `dst & src`: some bit is set in both.
    Set,
    /// `dst > src`
    Gt,
    /// `dst >= src`
    Ge,
    /// `dst < src`
    Lt,
    /// `dst <= src`
    Le,
    /// `dst s> src`
    SGt,
    /// `dst s>= src`
    SGe,
    /// `dst s< src`
    SLt,
    /// `dst s<= src`
    SLe,
}

/// What a call calls (RFC 9669 §4.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // Each variant explains its fields.
pub enum Callee {
    /// The helper with this number.
    Helper(u32),
    /// The function that starts `off` slots after the next instruction.
    Local { off: i32 },
    /// The kernel function with this BTF id; `off` is 0 for vmlinux, otherwise the index into the
    /// load's `fd_array` of the module's BTF.
    Kfunc { id: u32, off: i16 },
}

impl Width {
    /// 32 or 64.
    pub fn bits(self) -> u32 {
        match self {
            Width::W32 => 32,
            Width::W64 => 64,
        }
    }

    /// The size in memory.
    pub fn size(self) -> Size {
        match self {
            Width::W32 => Size::W,
            Width::W64 => Size::DW,
        }
    }
}

impl Size {
    /// All sizes, smallest first.
    pub const ALL: [Size; 4] = [Size::B, Size::H, Size::W, Size::DW];

    /// 1, 2, 4 or 8.
    pub fn bytes(self) -> u32 {
        match self {
            Size::B => 1,
            Size::H => 2,
            Size::W => 4,
            Size::DW => 8,
        }
    }

    /// The size of that many bytes, if it is 1, 2, 4 or 8.
    pub fn from_bytes(bytes: u32) -> Option<Size> {
        Size::ALL.into_iter().find(|size| size.bytes() == bytes)
    }
}

impl Narrow {
    /// All narrow sizes, smallest first.
    pub const ALL: [Narrow; 3] = [Narrow::B, Narrow::H, Narrow::W];

    /// The same size as a [`Size`].
    pub fn size(self) -> Size {
        match self {
            Narrow::B => Size::B,
            Narrow::H => Size::H,
            Narrow::W => Size::W,
        }
    }
}

impl LoadType {
    /// All types, unsigned ones first.
    pub const ALL: [LoadType; 7] = [
        LoadType::U8,
        LoadType::U16,
        LoadType::U32,
        LoadType::U64,
        LoadType::S8,
        LoadType::S16,
        LoadType::S32,
    ];

    /// The unsigned type of this size.
    pub fn unsigned(size: Size) -> LoadType {
        match size {
            Size::B => LoadType::U8,
            Size::H => LoadType::U16,
            Size::W => LoadType::U32,
            Size::DW => LoadType::U64,
        }
    }

    /// The signed type of this size; none for double words, which leave nothing to extend.
    pub fn signed(size: Size) -> Option<LoadType> {
        match size {
            Size::B => Some(LoadType::S8),
            Size::H => Some(LoadType::S16),
            Size::W => Some(LoadType::S32),
            Size::DW => None,
        }
    }

    /// The size in memory.
    pub fn size(self) -> Size {
        match self {
            LoadType::U8 | LoadType::S8 => Size::B,
            LoadType::U16 | LoadType::S16 => Size::H,
            LoadType::U32 | LoadType::S32 => Size::W,
            LoadType::U64 => Size::DW,
        }
    }

    /// Whether the value is sign-extended.
    pub fn is_signed(self) -> bool {
        matches!(self, LoadType::S8 | LoadType::S16 | LoadType::S32)
    }
}

impl Extension {
    /// All extensions.
    pub const ALL: [Extension; 5] = [
        Extension::W32From8,
        Extension::W32From16,
        Extension::W64From8,
        Extension::W64From16,
        Extension::W64From32,
    ];

    /// The extension to `width` from the low `bits` of the source, if there is one.
    pub fn new(width: Width, bits: u32) -> Option<Extension> {
        Extension::ALL.into_iter().find(|ext| ext.width() == width && ext.bits() == bits)
    }

    /// The width of the result.
    pub fn width(self) -> Width {
        match self {
            Extension::W32From8 | Extension::W32From16 => Width::W32,
            Extension::W64From8 | Extension::W64From16 | Extension::W64From32 => Width::W64,
        }
    }

    /// How many low bits of the source count: 8, 16 or 32.
    pub fn bits(self) -> u32 {
        match self {
            Extension::W32From8 | Extension::W64From8 => 8,
            Extension::W32From16 | Extension::W64From16 => 16,
            Extension::W64From32 => 32,
        }
    }
}

impl From<Reg> for Src {
    fn from(reg: Reg) -> Src {
        Src::Reg(reg)
    }
}

impl From<i32> for Src {
    fn from(imm: i32) -> Src {
        Src::Imm(imm)
    }
}

impl AluOp {
    /// All operations.
    pub const ALL: [AluOp; 14] = [
        AluOp::Add,
        AluOp::Sub,
        AluOp::Mul,
        AluOp::Div,
        AluOp::SDiv,
        AluOp::Mod,
        AluOp::SMod,
        AluOp::Or,
        AluOp::And,
        AluOp::Xor,
        AluOp::Lsh,
        AluOp::Rsh,
        AluOp::Arsh,
        AluOp::Mov,
    ];
}

impl SwapOp {
    /// All operations.
    pub const ALL: [SwapOp; 3] = [SwapOp::Le, SwapOp::Be, SwapOp::Swap];
}

impl SwapBits {
    /// All sizes.
    pub const ALL: [SwapBits; 3] = [SwapBits::B16, SwapBits::B32, SwapBits::B64];

    /// 16, 32 or 64.
    pub fn bits(self) -> u32 {
        match self {
            SwapBits::B16 => 16,
            SwapBits::B32 => 32,
            SwapBits::B64 => 64,
        }
    }
}

impl AtomicOp {
    /// All operations.
    pub const ALL: [AtomicOp; 10] = [
        AtomicOp::Add,
        AtomicOp::Or,
        AtomicOp::And,
        AtomicOp::Xor,
        AtomicOp::FetchAdd,
        AtomicOp::FetchOr,
        AtomicOp::FetchAnd,
        AtomicOp::FetchXor,
        AtomicOp::Xchg,
        AtomicOp::CmpXchg,
    ];

    /// Whether the old value is put into a register: `r0` for [`AtomicOp::CmpXchg`], otherwise `src`.
    pub fn fetches(self) -> bool {
        !matches!(self, AtomicOp::Add | AtomicOp::Or | AtomicOp::And | AtomicOp::Xor)
    }
}

impl JmpOp {
    /// All conditions.
    pub const ALL: [JmpOp; 11] = [
        JmpOp::Eq,
        JmpOp::Ne,
        JmpOp::Set,
        JmpOp::Gt,
        JmpOp::Ge,
        JmpOp::Lt,
        JmpOp::Le,
        JmpOp::SGt,
        JmpOp::SGe,
        JmpOp::SLt,
        JmpOp::SLe,
    ];

    /// The condition that holds exactly when this one does not; none for [`JmpOp::Set`].
    pub fn negated(self) -> Option<JmpOp> {
        match self {
            JmpOp::Eq => Some(JmpOp::Ne),
            JmpOp::Ne => Some(JmpOp::Eq),
            JmpOp::Set => None,
            JmpOp::Gt => Some(JmpOp::Le),
            JmpOp::Ge => Some(JmpOp::Lt),
            JmpOp::Lt => Some(JmpOp::Ge),
            JmpOp::Le => Some(JmpOp::Gt),
            JmpOp::SGt => Some(JmpOp::SLe),
            JmpOp::SGe => Some(JmpOp::SLt),
            JmpOp::SLt => Some(JmpOp::SGe),
            JmpOp::SLe => Some(JmpOp::SGt),
        }
    }

    /// The condition that holds for `(b, a)` exactly when this one holds for `(a, b)`.
    pub fn swapped(self) -> JmpOp {
        match self {
            JmpOp::Eq | JmpOp::Ne | JmpOp::Set => self,
            JmpOp::Gt => JmpOp::Lt,
            JmpOp::Ge => JmpOp::Le,
            JmpOp::Lt => JmpOp::Gt,
            JmpOp::Le => JmpOp::Ge,
            JmpOp::SGt => JmpOp::SLt,
            JmpOp::SGe => JmpOp::SLe,
            JmpOp::SLt => JmpOp::SGt,
            JmpOp::SLe => JmpOp::SGe,
        }
    }
}
