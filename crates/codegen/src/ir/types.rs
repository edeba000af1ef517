//! Types of values, widths of memory accesses, operators.

use std::fmt;

/// Type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// No value: stores, calls of `void` functions.
    Void,
    /// 32 bits; the upper half of its register is unspecified.
    I32,
    /// 64 bits.
    I64,
    /// A 64-bit address.
    Ptr,
}

impl Type {
    /// Width in bits.
    pub fn bits(self) -> u32 {
        match self {
            Type::Void => 0,
            Type::I32 => 32,
            Type::I64 | Type::Ptr => 64,
        }
    }

    /// `n` as a constant of this type is kept: sign-extended from the type's width.
    pub fn wrap(self, n: i64) -> i64 {
        match self {
            Type::I32 => i64::from(n as i32),
            _ => n,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::Void => "void",
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::Ptr => "ptr",
        })
    }
}

/// Width of a memory access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Width {
    W8,
    W16,
    W32,
    W64,
}

impl Width {
    /// Every width, narrowest first.
    pub const ALL: [Width; 4] = [Width::W8, Width::W16, Width::W32, Width::W64];

    /// In bytes.
    pub fn bytes(self) -> u32 {
        match self {
            Width::W8 => 1,
            Width::W16 => 2,
            Width::W32 => 4,
            Width::W64 => 8,
        }
    }

    /// In bits.
    pub fn bits(self) -> u32 {
        self.bytes() * 8
    }

    /// The bits of a value of this width.
    pub fn mask(self) -> u64 {
        u64::MAX >> (64 - self.bits())
    }

    /// The width of `bytes` bytes.
    pub fn from_bytes(bytes: u64) -> Option<Self> {
        Width::ALL.into_iter().find(|w| u64::from(w.bytes()) == bytes)
    }
}

impl fmt::Display for Width {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "u{}", self.bits())
    }
}

/// Declares an enumeration whose variants have names in the text form.
macro_rules! named {
    ($(#[$attr:meta])* $name:ident { $($variant:ident = $text:literal,)* }) => {
        $(#[$attr])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the names say it")]
        pub enum $name { $($variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &[$name] = &[$($name::$variant),*];

            /// The name in the text form.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }

            /// The one of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|op| op.name() == name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

named! {
    /// Arithmetic on two values of the result's type, `i32` or `i64`.
    BinaryOp {
        Add = "add",
        Sub = "sub",
        Mul = "mul",
        UDiv = "udiv",
        SDiv = "sdiv",
        URem = "urem",
        SRem = "srem",
        And = "and",
        Or = "or",
        Xor = "xor",
        Shl = "shl",
        LShr = "lshr",
        AShr = "ashr",
    }
}

named! {
    /// Comparison of two values of one type.
    Cond {
        Eq = "eq",
        Ne = "ne",
        ULt = "ult",
        ULe = "ule",
        UGt = "ugt",
        UGe = "uge",
        SLt = "slt",
        SLe = "sle",
        SGt = "sgt",
        SGe = "sge",
    }
}

named! {
    /// Atomic read-modify-write operations (RFC 9669 §5.3).
    AtomicOp {
        Add = "add",
        And = "and",
        Or = "or",
        Xor = "xor",
        Exchange = "xchg",
        CompareExchange = "cmpxchg",
    }
}

impl BinaryOp {
    /// True if the operands may be swapped.
    pub fn is_commutative(self) -> bool {
        use BinaryOp::*;
        matches!(self, Add | Mul | And | Or | Xor)
    }

    /// The result on constants of `ty`, wrapped.
    pub fn eval(self, ty: Type, a: i64, b: i64) -> i64 {
        let result = match ty {
            Type::I32 => {
                let (a, b) = (a as i32, b as i32);
                let (ua, ub) = (a as u32, b as u32);
                i64::from(match self {
                    BinaryOp::Add => a.wrapping_add(b),
                    BinaryOp::Sub => a.wrapping_sub(b),
                    BinaryOp::Mul => a.wrapping_mul(b),
                    BinaryOp::UDiv => ua.checked_div(ub).unwrap_or(0) as i32,
                    BinaryOp::SDiv => {
                        [a.wrapping_div(if b == 0 { 1 } else { b }), 0][usize::from(b == 0)]
                    }
                    BinaryOp::URem => ua.checked_rem(ub).unwrap_or(ua) as i32,
                    BinaryOp::SRem => {
                        [a.wrapping_rem(if b == 0 { 1 } else { b }), a][usize::from(b == 0)]
                    }
                    BinaryOp::And => a & b,
                    BinaryOp::Or => a | b,
                    BinaryOp::Xor => a ^ b,
                    BinaryOp::Shl => a.wrapping_shl(ub),
                    BinaryOp::LShr => ua.wrapping_shr(ub) as i32,
                    BinaryOp::AShr => a.wrapping_shr(ub),
                })
            }
            _ => {
                let (ua, ub) = (a as u64, b as u64);
                match self {
                    BinaryOp::Add => a.wrapping_add(b),
                    BinaryOp::Sub => a.wrapping_sub(b),
                    BinaryOp::Mul => a.wrapping_mul(b),
                    BinaryOp::UDiv => ua.checked_div(ub).unwrap_or(0) as i64,
                    BinaryOp::SDiv => {
                        [a.wrapping_div(if b == 0 { 1 } else { b }), 0][usize::from(b == 0)]
                    }
                    BinaryOp::URem => ua.checked_rem(ub).unwrap_or(ua) as i64,
                    BinaryOp::SRem => {
                        [a.wrapping_rem(if b == 0 { 1 } else { b }), a][usize::from(b == 0)]
                    }
                    BinaryOp::And => a & b,
                    BinaryOp::Or => a | b,
                    BinaryOp::Xor => a ^ b,
                    BinaryOp::Shl => a.wrapping_shl(ub as u32),
                    BinaryOp::LShr => ua.wrapping_shr(ub as u32) as i64,
                    BinaryOp::AShr => a.wrapping_shr(ub as u32),
                }
            }
        };
        ty.wrap(result)
    }
}

impl Cond {
    /// True exactly where this one is false.
    pub fn negate(self) -> Self {
        use Cond::*;
        match self {
            Eq => Ne,
            Ne => Eq,
            ULt => UGe,
            ULe => UGt,
            UGt => ULe,
            UGe => ULt,
            SLt => SGe,
            SLe => SGt,
            SGt => SLe,
            SGe => SLt,
        }
    }

    /// The same with operands swapped.
    pub fn swap(self) -> Self {
        use Cond::*;
        match self {
            Eq => Eq,
            Ne => Ne,
            ULt => UGt,
            ULe => UGe,
            UGt => ULt,
            UGe => ULe,
            SLt => SGt,
            SLe => SGe,
            SGt => SLt,
            SGe => SLe,
        }
    }

    /// True for `slt`, `sle`, `sgt`, `sge`.
    pub fn is_signed(self) -> bool {
        use Cond::*;
        matches!(self, SLt | SLe | SGt | SGe)
    }

    /// True if it holds for equal operands.
    pub fn holds_if_equal(self) -> bool {
        use Cond::*;
        matches!(self, Eq | ULe | UGe | SLe | SGe)
    }

    /// The result on constants of one type, wrapped as [`Type::wrap`] does (which keeps
    /// the unsigned order, too).
    pub fn eval(self, a: i64, b: i64) -> bool {
        let (ua, ub) = (a as u64, b as u64);
        match self {
            Cond::Eq => a == b,
            Cond::Ne => a != b,
            Cond::ULt => ua < ub,
            Cond::ULe => ua <= ub,
            Cond::UGt => ua > ub,
            Cond::UGe => ua >= ub,
            Cond::SLt => a < b,
            Cond::SLe => a <= b,
            Cond::SGt => a > b,
            Cond::SGe => a >= b,
        }
    }
}
