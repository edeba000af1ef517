//! How an obligation is broken: what the explorer hands to the explanations.

pub use crate::fault_kernel::*;
use crate::obligation::{Access, AccessKind};
use crate::program::FieldKind;
use crate::state::{Held, MapIdx, Value};
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
    /// One instruction accesses memory through pointers of kinds that need different instructions.
    MixedKinds,
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
    /// Something is still held where the program ends, or may end.
    Unreleased(Held, Ending),
    /// A lock is not used as it must be.
    Lock(LockFault),
    /// A section is still open where the program ends, or may end.
    SectionOpen {
        /// The section.
        section: Section,
        /// What ends the program.
        by: Ending,
    },
    /// What may sleep is called where that is forbidden.
    Sleeps {
        /// What is called.
        name: String,
        /// Why it is forbidden.
        section: Section,
    },
    /// A field of a map value that belongs to the kernel, or a section.
    Field(SectionFault),
    /// A function that is called back.
    Callback(CallbackFault),
    /// A tail call, or a packet load in the old way, where there can be none.
    TailCall(TailCallFault),
    /// An address becomes known to a user without privileges, or may be guessed.
    Leak(Leak),
    /// Not for users without privileges.
    Unprivileged(&'static str),
    /// An exception, or its handler, is not used as it must be.
    Exception(ExceptionFault),
    /// The map is not for programs of this kind.
    MapNotForProgram {
        /// The map.
        map: MapIdx,
        /// Why not.
        why: &'static str,
    },
    /// A function that is verified by itself has a type that the kernel does not take.
    NoContract {
        /// The function.
        func: u32,
        /// Why not.
        why: &'static str,
    },
    /// Towards objects and functions of the kernel.
    Kernel(KernelFault),
    /// The result is out of range.
    Return {
        /// The smallest value allowed.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// A function that is verified by itself returns a pointer.
    PointerReturned,
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
    /// Where in a buffer of unknown size an access works is known only at run time, or is in front of it.
    BufferPlace,
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
    /// It must be zero.
    NotZero,
    /// The format, or what goes with it.
    Format(&'static str),
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

/// What ends a program, or may end it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The end of the program or of a function that is verified by itself.
    Exit,
    /// A tail call that succeeds.
    TailCall,
    /// A load in the way of old packet filters, behind the packet's end.
    PacketLoad,
    /// `bpf_throw`.
    Throw,
}

/// Where a program must not sleep, and what it has to leave again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// `bpf_rcu_read_lock`.
    Rcu,
    /// `bpf_preempt_disable`.
    Preempt,
    /// `bpf_local_irq_save`.
    Irq,
    /// A lock.
    Lock,
    /// The whole program.
    Program,
}

/// How a lock is misused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockFault {
    /// A call that is not allowed while the lock is held.
    Call {
        /// The call that took the lock.
        taken: u32,
    },
    /// The lock is held where the program ends, or may end.
    Open {
        /// The call that took the lock.
        taken: u32,
        /// What ends the program.
        by: Ending,
    },
    /// A lock is held already.
    Second {
        /// The call that took the lock.
        taken: u32,
    },
    /// No lock is held.
    NotTaken,
    /// Another lock was taken last.
    Other {
        /// The call that took it.
        taken: u32,
    },
}

/// How a field that belongs to the kernel, or a section, is misused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionFault {
    /// The pointer does not lead into a map value.
    NotAField(FieldKind),
    /// The pointer leads nobody knows where in the map value.
    VariableOffset(FieldKind),
    /// The map value has no such field.
    NoField(FieldKind),
    /// The field is elsewhere.
    OtherOffset {
        /// The field.
        kind: FieldKind,
        /// Where it is.
        offset: u32,
    },
    /// The program reads or writes the field itself.
    Touched(FieldKind),
    /// A timer is in another map than the one that is named with it.
    OtherMap,
    /// There is nothing to be left.
    NotOpen(Section),
}

/// What is wrong with a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackFault {
    /// The map does not let its elements be walked over.
    NoElements,
    /// It returns something else than it may.
    Result {
        /// The smallest value allowed.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// Its address is taken, and no path runs it.
    NeverRun,
}

/// How an address becomes known, or may be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leak {
    /// A result of arithmetic tells it.
    Arithmetic,
    /// A part of it is copied or overwritten.
    Part,
    /// It is compared.
    Compared,
    /// It is stored where others read it.
    Memory,
    /// It is returned.
    Returned,
    /// It is passed to a helper that takes any number.
    Passed,
    /// A pointer to the stack moves out of it, or nobody knows where to.
    OutOfStack,
    /// A pointer into a map value moves out of it.
    OutOfValue,
    /// What is added cannot be masked.
    Speculation,
    /// Different things are done on different paths.
    Paths,
}

/// How exceptions are misused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExceptionFault {
    /// Thrown by a function that is called back.
    InCallback,
    /// The handler is called.
    HandlerCalled,
    /// The program has several handlers.
    SeveralHandlers,
    /// The handler does not take and return one number, or is static.
    HandlerType,
}

/// Why there can be no tail call here, or no load from the packet in the old way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TailCallFault {
    /// The function does not return a number.
    NoNumber,
    /// The callers' frames leave too little stack.
    Stack(u32),
    /// The function is called back.
    Callback,
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
    /// The map is none of the object's.
    NoMap,
    /// A cast between address spaces in a program without an arena.
    NoArena,
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
    /// Whether it is about a field through which the kernel calls back later.
    fn is_timer(&self) -> bool {
        let FaultKind::Field(fault) = self else {
            return false;
        };
        let kind = match fault {
            SectionFault::NotAField(kind)
            | SectionFault::VariableOffset(kind)
            | SectionFault::NoField(kind)
            | SectionFault::OtherOffset { kind, .. }
            | SectionFault::Touched(kind) => kind,
            SectionFault::OtherMap | SectionFault::NotOpen(_) => return false,
        };
        matches!(kind, FieldKind::Timer | FieldKind::Wq | FieldKind::TaskWork)
    }

    /// What the access does that is at fault, if one is.
    pub fn access(&self) -> Option<AccessKind> {
        match self {
            FaultKind::Denied(_, kind) | FaultKind::MaybeNull(Use::Access(kind)) => Some(*kind),
            FaultKind::Ctx { access, .. } => Some(access.kind),
            FaultKind::OutOfBounds { by_helper: None, .. }
            | FaultKind::Packet { by_helper: None, .. } => Some(AccessKind::Write),
            _ => None,
        }
    }

    /// The code of its diagnostic.
    pub fn code(&self) -> Code {
        match self {
            FaultKind::Kernel(fault) => fault.code(),
            FaultKind::Uninit | FaultKind::UninitStack { by_helper: None, .. } => verifier::E0701,
            FaultKind::UninitStack { .. } => verifier::E0713,
            FaultKind::OutOfBounds { by_helper: None, .. } => verifier::E0702,
            FaultKind::MaybeNull(_) => verifier::E0703,
            FaultKind::Arithmetic(_) => verifier::E0704,
            FaultKind::Denied(Denied::BufferPlace, _) => verifier::E0702,
            FaultKind::Denied(Denied::Misaligned, _) => verifier::E0747,
            FaultKind::Argument(
                _,
                ArgFault::NegativeSize | ArgFault::ZeroSize | ArgFault::UnboundedSize,
            ) => verifier::E0748,
            FaultKind::Contract { .. } => verifier::E0749,
            FaultKind::Argument(_, ArgFault::NoPacket) => verifier::E0750,
            FaultKind::CtxModified => verifier::E0751,
            FaultKind::MixedKinds => verifier::E0752,
            FaultKind::NotAPointer
            | FaultKind::Denied(..)
            | FaultKind::FramePointer
            | FaultKind::Object { .. }
            | FaultKind::PointerReturned
            | FaultKind::StackReturned => verifier::E0705,
            FaultKind::Packet { .. } => verifier::E0706,
            FaultKind::OutOfBounds { .. } | FaultKind::Argument(..) => verifier::E0707,
            FaultKind::Unreleased(..) => verifier::E0708,
            FaultKind::Lock(_)
            | FaultKind::Field(
                SectionFault::Touched(_)
                | SectionFault::NotAField(_)
                | SectionFault::VariableOffset(_)
                | SectionFault::NoField(_)
                | SectionFault::OtherOffset { .. },
            ) if self.is_timer() => verifier::E0733,
            FaultKind::Lock(_) => verifier::E0730,
            FaultKind::Field(SectionFault::OtherMap) => verifier::E0733,
            FaultKind::Field(SectionFault::NotOpen(_)) | FaultKind::SectionOpen { .. } => {
                verifier::E0737
            }
            FaultKind::Field(_) => verifier::E0730,
            FaultKind::Sleeps { .. } => verifier::E0731,
            FaultKind::Callback(_) => verifier::E0732,
            FaultKind::TailCall(_) => verifier::E0735,
            FaultKind::Exception(_) => verifier::E0734,
            FaultKind::Leak(_) => verifier::E0736,
            FaultKind::Unprivileged(_) => verifier::E0740,
            FaultKind::MapNotForProgram { .. } => verifier::E0739,
            FaultKind::NoContract { .. } => verifier::E0738,
            FaultKind::Return { .. } => verifier::E0709,
            FaultKind::Ctx { .. } => verifier::E0710,
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
