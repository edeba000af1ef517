//! What is in the kernel already, whoever put it there: programs, their maps, where they are
//! attached, which processes and which pins hold them.

mod holders;
mod links;
mod maps;
mod programs;

pub(crate) use holders::kind_of;
pub use holders::{Holder, Pinned, holders, pinned, pins};
pub use links::KernelLink;
pub(crate) use links::is_severed;
pub use maps::Types;
pub use programs::KernelProgram;

use crate::LoadError;
use crate::sys::ids::{self, Kind};

/// What the kernel gives a number, each kind its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A program.
    Program,
    /// A map.
    Map,
    /// Types of a program, or of the kernel and its modules.
    Types,
    /// An attachment (5.8).
    Link,
}

impl ObjectKind {
    fn kind(self) -> Kind {
        match self {
            ObjectKind::Program => Kind::Program,
            ObjectKind::Map => Kind::Map,
            ObjectKind::Types => Kind::Btf,
            ObjectKind::Link => Kind::Link,
        }
    }

    /// What one is called.
    pub fn name(self) -> &'static str {
        match self {
            ObjectKind::Program => "program",
            ObjectKind::Map => "map",
            ObjectKind::Types => "blob of types",
            ObjectKind::Link => "link",
        }
    }

    fn plural(self) -> &'static str {
        match self {
            ObjectKind::Program => "programs",
            ObjectKind::Map => "maps",
            ObjectKind::Types => "types",
            ObjectKind::Link => "links",
        }
    }

    /// The ids of all objects of this kind, in ascending order. Needs CAP_SYS_ADMIN.
    ///
    /// # Errors
    /// [`LoadError::System`].
    pub fn ids(self) -> Result<Vec<u32>, LoadError> {
        ids::list(self.kind()).map_err(|errno| LoadError::System {
            operation: "list",
            subject: self.plural().into(),
            errno,
        })
    }
}
