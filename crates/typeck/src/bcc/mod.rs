//! The dialect of BCC: tables with methods, programs named by their attach point, kernel
//! memory read through plain pointers.
//!
//! The macros come from the built-in header `bpfc/bcc.h`, which makes a table a variable in a
//! section named after its kind. What C does not know is done here, while expressions are
//! checked: nothing downstream sees the dialect.
//!
//! Facts: BCC 0.35, `src/cc/export/helpers.h` and `src/cc/frontends/clang/b_frontend_action.cc`.

mod calls;
mod methods;
mod printk;
mod probe;
mod programs;
mod tables;

pub(crate) use probe::Memory;

use crate::Dialect;
use crate::checker::Checker;
use crate::hir::{GlobalId, QualType};
use rustc_hash::FxHashMap;

/// What is known of the dialect's things in the translation unit.
#[derive(Debug, Default)]
pub(crate) struct BccState {
    /// The tables, by variable.
    pub tables: FxHashMap<GlobalId, Table>,
    /// What pointers in locals of the current function point to.
    pub memory: FxHashMap<crate::hir::LocalId, Memory>,
    /// Whether kernel memory can be read directly in the current function.
    pub reads_directly: bool,
}

/// A table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    pub map_type: u32,
    pub key: QualType,
    pub leaf: QualType,
}

impl Checker<'_> {
    /// Whether the source is in BCC's dialect.
    pub fn is_bcc(&self) -> bool {
        self.options.dialect == Dialect::Bcc
    }
}
