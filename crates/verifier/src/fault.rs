//! How an obligation is broken: what the explorer hands to the explanations.

use crate::obligation::{Access, AccessKind};
use crate::state::{Held, Value};
use bpfc_base::Code;
use bpfc_base::codes::{bpf, verifier};
use bpfc_isa::{AluOp, Reg};
use bpfc_kabi::{CtxFault, ObjectKind};

/// A broken obligation.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// How it is broken.
    pub kind: FaultKind,
    /// The register that breaks it.
    pub reg: Option<Reg>,
    /// What is in it.
    pub value: Box<Value>,
}

impl Fault {
    /// A fault that no register is to blame for.
    pub fn alone(kind: FaultKind) -> Fault {
        Fault::of(kind, None, Value::UNINIT)
    }

    /// A fault of a register.
    pub fn of(kind: FaultKind, reg: Option<Reg>, value: Value) -> Fault {
        Fault { kind, reg, value: Box::new(value) }
    }
}

/// The ways to break an obligation.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
    /// The register was not set.
    Uninit,
    /// The frame pointer is overwritten.
    FramePointer,
    /// Stack bytes are read that nothing was stored in.
    UninitStack {
        /// The first such byte, from the frame pointer.
        off: i64,
        /// By a helper, or by a load.
        by_helper: Option<Argument>,
    },
    /// The pointer may be null.
    MaybeNull(Use),
    /// The offset may be outside.
    OutOfBounds {
        /// The smallest offset of the access.
        min: i64,
        /// The largest.
        max: i64,
        /// The number of bytes accessed.
        n_bytes: u64,
        /// The size of the object; for the stack its offsets are negative.
        size: u64,
        /// In which way.
        why: Bounds,
        /// Set where a helper accesses.
        by_helper: Option<Argument>,
    },
    /// The packet is not known to be long enough.
    Packet {
        /// The first byte accessed, from the pointer that was compared.
        off: i64,
        /// The number of bytes.
        n_bytes: u64,
        /// How many are known to exist.
        known: u64,
        /// Set where a helper accesses.
        by_helper: Option<Argument>,
    },
    /// Arithmetic on pointers.
    Arithmetic(Arithmetic),
    /// The address is a number.
    NotAPointer,
    /// This kind of pointer does not allow this access.
    Denied(Denied, AccessKind),
    /// The context does not allow this access.
    Ctx {
        /// Why not.
        why: CtxFault,
        /// The offset.
        off: i64,
        /// What is accessed.
        access: Access,
    },
    /// A pointer to the context was changed before the access.
    CtxModified,
    /// An object's field does not allow this access.
    Object {
        /// The object.
        object: ObjectKind,
        /// Why not.
        why: CtxFault,
        /// The offset.
        off: i64,
    },
    /// A helper does not take this argument.
    Argument(Argument, ArgFault),
    /// A function's parameter does not take this argument.
    Contract {
        /// The function.
        func: u32,
        /// The parameter, from 0.
        idx: usize,
        /// What it wants.
        wanted: &'static str,
    },
    /// The helper exists, but not for this program.
    Helper(u32, HelperFault),
    /// Something is still held at the end.
    Unreleased(Held),
    /// The result is out of range.
    Return {
        /// The smallest value allowed.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// The address of a stack frame is returned.
    StackReturned,
    /// Too much work.
    TooComplex(Limit),
    /// A loop that changes nothing.
    EndlessLoop,
    /// The code is malformed.
    Malformed(Malformed),
    /// A function calls itself.
    Recursion(String),
    /// The frames of a chain of calls need too much stack.
    StackTooDeep(u32),
}

/// An argument of a helper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The helper.
    pub helper: u32,
    /// The parameter, from 0.
    pub idx: usize,
}

/// What a null pointer is about to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A load or a store.
    Access(AccessKind),
    /// Arithmetic.
    Arithmetic,
    /// An argument of a helper.
    Argument(Argument),
}

/// In which way an offset is out of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounds {
    /// It may be negative.
    Negative,
    /// It has no upper bound.
    Unbounded,
    /// It may be too large, or always is.
    TooLarge,
}

/// Why arithmetic on pointers is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// An operation that is neither addition nor subtraction.
    Operation(AluOp),
    /// In 32 bits.
    Narrow,
    /// Between two pointers.
    TwoPointers(AluOp),
    /// A pointer subtracted from a number.
    NumberMinusPointer,
    /// A subtraction from a stack pointer.
    StackMinus,
    /// This kind of pointer is not to be changed.
    Fixed,
    /// The number may be anything.
    Unbounded,
    /// The offset becomes too large.
    TooFar,
}

/// Why an access through a pointer is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The memory may only be read.
    ReadOnly,
    /// The memory may only be written.
    WriteOnly,
    /// This kind of pointer leads to nothing that can be accessed.
    Opaque,
    /// The address is not a multiple of the size.
    Misaligned,
    /// A part of a stored pointer is read or overwritten.
    PartOfPointer,
    /// A pointer to a function's own stack is stored in its caller's.
    EscapingStack,
    /// Atomic operations do not work here.
    Atomic,
    /// Where on the stack an atomic operation works is known only at run time.
    AtomicPlace,
}

/// Why a helper does not take an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgFault {
    /// Another kind of value is wanted.
    Kind(&'static str),
    /// A number that is known when the program is loaded is wanted.
    NotConstant,
    /// The pointer must be the one that was acquired, unchanged.
    Displaced,
    /// The size may be negative.
    NegativeSize,
    /// The size may be zero.
    ZeroSize,
    /// The size has no bound.
    UnboundedSize,
    /// The memory is not long enough, or is none.
    NoMemory,
    /// The map is of a type that the helper does not take.
    MapType(String),
    /// Nothing that must be released.
    NotHeld,
    /// The string does not end.
    Unterminated,
    /// Packet data cannot be passed to this helper, or in this program type.
    NoPacket,
}

/// Why a helper cannot be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelperFault {
    /// There is none with this number.
    NoSuch,
    /// Not by programs of this type, or not in this kernel.
    NotHere,
    /// By GPL programs only.
    Gpl,
    /// By programs that may sleep only.
    Sleeps,
}

/// Which limit was hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Instructions looked at.
    Insns(u32),
    /// Branches that wait.
    Jumps(u32),
    /// Frames of calls.
    Frames(u32),
    /// Memory for states, in mebibytes.
    Memory(u32),
}

/// How code is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// A jump leads out of its function, or into an instruction.
    Jump,
    /// Nothing leads here.
    Unreachable,
    /// The function does not end with an exit or a jump.
    FallsOff,
    /// A loop is closed without a jump, which kernels before 6.7 do not take.
    ClosesLoop,
    /// The call leads to no function.
    Call,
    /// The address of a function that is not static.
    GlobalCallback,
    /// Division by the constant zero.
    DivisionByZero,
    /// A shift by a constant that is not below the width.
    Shift,
    /// Loads in the way of old packet filters are not for this program.
    PacketLoad,
}

impl FaultKind {
    /// The code of its diagnostic.
    pub fn code(&self) -> Code {
        match self {
            FaultKind::Uninit | FaultKind::UninitStack { by_helper: None, .. } => verifier::E0701,
            FaultKind::UninitStack { .. } => verifier::E0713,
            FaultKind::OutOfBounds { by_helper: None, .. } => verifier::E0702,
            FaultKind::MaybeNull(_) => verifier::E0703,
            FaultKind::Arithmetic(_) => verifier::E0704,
            FaultKind::NotAPointer
            | FaultKind::Denied(..)
            | FaultKind::FramePointer
            | FaultKind::Object { .. }
            | FaultKind::StackReturned => verifier::E0705,
            FaultKind::Packet { .. } => verifier::E0706,
            FaultKind::OutOfBounds { .. }
            | FaultKind::Argument(..)
            | FaultKind::Contract { .. } => verifier::E0707,
            FaultKind::Unreleased(_) => verifier::E0708,
            FaultKind::Return { .. } => verifier::E0709,
            FaultKind::Ctx { .. } | FaultKind::CtxModified => verifier::E0710,
            FaultKind::TooComplex(_) => verifier::E0711,
            FaultKind::EndlessLoop => verifier::E0712,
            FaultKind::Malformed(_) => verifier::E0714,
            FaultKind::Recursion(_) => bpf::E0401,
            FaultKind::StackTooDeep(_) => bpf::E0403,
            FaultKind::Helper(_, why) => match why {
                HelperFault::NoSuch => bpf::E0405,
                HelperFault::Gpl => bpf::E0406,
                HelperFault::NotHere | HelperFault::Sleeps => bpf::E0409,
            },
        }
    }
}
