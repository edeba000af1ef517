//! Modules: functions and objects with static storage.

use super::{Asm, AsmId, Func};
use bpfc_base::{IndexVec, Span};
use bpfc_isa::Cpu;
pub use bpfc_typeck::hir::{FuncId, GlobalId, GlobalInit, InitReloc, InitTarget, Linkage};
use std::sync::Arc;

/// A module. Ids are those of the HIR module that it comes from.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// Functions, declared and defined.
    pub funcs: IndexVec<FuncId, Func>,
    /// Objects with static storage.
    pub globals: IndexVec<GlobalId, Global>,
    /// Inline assembly in functions.
    pub asms: IndexVec<AsmId, Arc<Asm>>,
    /// The instruction set that it is for: operations that it has are not expanded.
    pub cpu: Cpu,
}

/// An object with static storage.
#[derive(Clone, Debug)]
pub struct Global {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: GlobalKind,
    /// In bytes.
    pub size: u64,
    /// In bytes, a power of two.
    pub align: u32,
    /// Its first content.
    pub init: GlobalInit,
    /// Where it was defined.
    pub span: Span,
}

/// What an object with static storage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlobalKind {
    /// A variable.
    Data,
    /// A constant whose content the compiler may use: `const` and not `volatile`, string
    /// literals.
    Constant,
    /// A map; its address is the map itself, no memory.
    Map,
    /// Defined elsewhere: a kernel symbol or configuration value.
    Extern,
}
