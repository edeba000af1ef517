//! How obligations towards the kernel's objects and functions are broken.

use crate::program::{Managed, WalkFault};
use crate::state::{DynptrType, Types};
use bpfc_base::Code;
use bpfc_base::codes::{bpf, object, verifier};
use bpfc_btf::TypeId;

/// A broken obligation towards the kernel's objects and functions.
#[derive(Clone, Debug, PartialEq)]
pub enum KernelFault {
    /// A pointer is not one to an object that the callee takes.
    Object {
        /// What takes it.
        callee: Callee,
        /// The parameter, from 0.
        idx: usize,
        /// Why not.
        why: ObjectFault,
    },
    /// A field of an object cannot be accessed so.
    Field {
        /// Why not.
        why: FieldFault,
        /// The offset in the instruction.
        off: i64,
    },
    /// The context has no such argument, or not for this access.
    Context(String),
    /// A dynptr is misused.
    Dynptr(DynptrFault),
    /// An iterator is misused.
    Iterator(IteratorFault),
    /// An RCU section is misused.
    Rcu(RcuFault),
    /// A pointer to an object in a map value is misused.
    Kptr(KptrFault),
    /// A kernel function cannot be called so.
    Kfunc {
        /// The function, as in [`Kernel::kfuncs`](crate::program::Kernel::kfuncs).
        func: u32,
        /// The parameter, from 0, if it is about one.
        idx: Option<usize>,
        /// Why not.
        why: KfuncFault,
    },
    /// A list or tree is misused.
    Graph(GraphFault),
    /// A program of this type must be GPL.
    License,
    /// The kernel takes no program for this member of a struct of functions, or none that sleeps.
    Member(String),
}

/// What takes an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// A helper.
    Helper(u32),
    /// A kernel function.
    Kfunc(u32),
}

/// Why a pointer is not one to an object that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectFault {
    /// It is no pointer to an object.
    NotAnObject,
    /// It may be null.
    MaybeNull,
    /// The object may be gone.
    Untrusted,
    /// The object may be gone, and no RCU section keeps it.
    NotRcu,
    /// No reference to it is held.
    NotHeld,
    /// It leads into the object, not to its start.
    Displaced,
    /// It is another struct than this one.
    OtherType(TypeId),
}

/// Why a field cannot be accessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldFault {
    /// Only GPL programs may look into the kernel.
    Gpl,
    /// The place is not known.
    VariableOffset,
    /// In front of the object.
    Negative,
    /// The object is in user space.
    User,
    /// There is one for each CPU.
    Percpu,
    /// It may only be read.
    Write,
    /// The kernel manages it.
    Managed(Managed),
    /// There is nothing that can be accessed.
    Walk(WalkFault),
}

/// How a dynptr is misused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DynptrFault {
    /// The argument is not the address of one on the stack.
    NotOnStack,
    /// It is not initialised.
    NotInitialised,
    /// A new one is made where the callee cannot make it.
    CannotInitialise,
    /// It leads to something else than the callee takes.
    OtherType(DynptrType),
    /// It holds a reference and is overwritten.
    Overwritten,
    /// It is read or written as if it were data.
    Direct,
    /// It cannot be released: no reference is held.
    NotHeld,
    /// Its memory is not in a map value.
    NotInMap,
}

/// How an iterator is misused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IteratorFault {
    /// The argument is not the address of one on the stack.
    NotOnStack,
    /// It is not initialised, or another one.
    NotInitialised,
    /// It is initialised already.
    Initialised,
    /// The RCU section that it needs ended, or never began.
    NoRcu,
    /// This program cannot have this iterator.
    NotHere,
    /// It is read as if it were data.
    Direct,
}

/// How an RCU section is misused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RcuFault {
    /// It is entered again.
    Nested,
    /// It is left without having been entered.
    NotOpen,
    /// It is entered or left in a callback of a tree.
    InCallback,
}

/// How a pointer to an object in a map value is misused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KptrFault {
    /// The place is not known.
    VariableOffset,
    /// A part of it is accessed.
    Part,
    /// It is accessed by an atomic operation.
    Atomic,
    /// It is stored to, where only `bpf_kptr_xchg` may.
    Store,
    /// A helper would access it as data.
    ByHelper,
    /// What is stored is no pointer to an object.
    NotAnObject,
    /// What is stored may be gone.
    Untrusted,
    /// What is stored leads into the object.
    Displaced,
    /// What is stored is another struct.
    OtherType {
        /// Whose type the wanted one is.
        types: Types,
        /// The wanted one.
        ty: TypeId,
    },
    /// There is none at this place.
    NoField,
    /// The one at this place holds no reference.
    Unreferenced,
}

/// Why a kernel function cannot be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KfuncFault {
    /// Not by programs of this type.
    NotHere,
    /// Not by programs that may not sleep.
    Sleeps,
    /// Another kind of value is wanted.
    Kind(&'static str),
    /// A number that is known when the program is loaded is wanted.
    NotConstant,
    /// The argument may be null.
    MaybeNull,
    /// Nothing that must be released is passed.
    NotHeld,
    /// The pointer must be the one that was acquired, unchanged.
    Displaced,
    /// The size may be negative, zero or has no bound.
    Size,
    /// The string is not constant, or does not end.
    String,
    /// The type is not one that the function takes.
    Type,
    /// Packet data cannot be changed by programs of this type.
    PacketWrite,
}

/// How a list or tree is misused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphFault {
    /// The argument is not in a map value or an allocated object.
    NotAnObject,
    /// No reference to the object is held.
    NotHeld,
    /// The node belongs to the list or tree already, or no longer.
    Ownership,
    /// The place is not known.
    VariableOffset,
    /// There is no head or node at this place.
    NoField,
    /// The lock of the head is not held.
    NotLocked,
    /// The object or the node in it is not what the list or tree holds.
    OtherNode,
    /// Not in the callback that compares nodes.
    InCallback,
}

impl KernelFault {
    /// The code of its diagnostic.
    pub fn code(&self) -> Code {
        match self {
            KernelFault::Object { why: ObjectFault::MaybeNull, .. }
            | KernelFault::Kfunc { why: KfuncFault::MaybeNull, .. } => verifier::E0703,
            KernelFault::Kfunc { why: KfuncFault::NotHere | KfuncFault::Sleeps, .. } => bpf::E0409,
            KernelFault::Object { .. } => verifier::E0715,
            KernelFault::Field { .. } => verifier::E0716,
            KernelFault::Context(_) => verifier::E0710,
            KernelFault::Dynptr(_) => verifier::E0717,
            KernelFault::Iterator(_) => verifier::E0718,
            KernelFault::Rcu(_) => verifier::E0719,
            KernelFault::Kptr(_) => verifier::E0720,
            KernelFault::Kfunc { .. } => verifier::E0721,
            KernelFault::Graph(_) => verifier::E0722,
            KernelFault::License => bpf::E0406,
            KernelFault::Member(_) => object::E0803,
        }
    }
}
