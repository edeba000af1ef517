//! The object as data. Ids index the tables of [`Object`].

mod data;
mod function;
mod map;

pub(crate) use data::MAX_ALIGN;
pub use data::{DataKind, DataReloc, DataSection, DataTarget, Variable};
pub use function::{CoreReloc, Function, Line, ObjInsn, Reloc};
pub use map::{Map, MapInit, MapRole, MapStyle, Pinning};

use bpfc_base::{Idx, IndexVec, index_type};
use bpfc_btf::{BtfBuilder, TypeId};
use bpfc_isa::{Cpu, Endian};
use std::collections::HashMap;

index_type! {
    /// A function of an object.
    pub struct FuncId, "func"
}
index_type! {
    /// A map of an object.
    pub struct MapId, "map"
}
index_type! {
    /// A data section of an object.
    pub struct DataId, "data"
}
index_type! {
    /// Something that the kernel or another object provides.
    pub struct ExternId, "extern"
}

/// Everything one `.o` file holds.
///
/// It is a pure function of the source: the same source gives an equal object on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Byte order of code and data.
    pub endian: Endian,
    /// The license the kernel is told; none means not GPL-compatible.
    pub license: Option<String>,
    /// `LINUX_VERSION_CODE` that old kernels (before 5.0) ask of kprobe programs: section `version`.
    pub kernel_version: Option<u32>,
    /// Programs and subprograms.
    pub functions: IndexVec<FuncId, Function>,
    /// Maps, in the order of their definitions.
    pub maps: IndexVec<MapId, Map>,
    /// Data sections in the order of their names' first use: `.rodata`, `.data`, `.bss`, ….
    pub data: IndexVec<DataId, DataSection>,
    /// Kernel symbols, kernel functions and configuration values used, and what other objects
    /// define.
    pub externs: IndexVec<ExternId, Extern>,
    /// Types, `FUNC`s and `VAR`s. Empty if the object has no BTF. It never contains a `DATASEC`:
    /// these follow from `maps`, `data` and `externs` and are added by whoever lays the object out.
    pub btf: BtfBuilder,
}

/// Something that the kernel, or another object, provides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extern {
    /// Its name; for a configuration value `CONFIG_…` or `LINUX_KERNEL_VERSION`.
    pub name: String,
    /// What it is.
    pub kind: ExternKind,
    /// True if the program also loads where it does not exist: its address or value is 0 then.
    pub is_weak: bool,
    /// Declared `__hidden`, which its definition then is, too.
    pub is_hidden: bool,
    /// The section that the declaration of a variable gives, such as `.data.custom`.
    pub section: Option<String>,
    /// Its `VAR`, or `FUNC` of a function, with linkage `extern`.
    pub btf: Option<TypeId>,
}

/// What is provided, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternKind {
    /// `__kconfig`: a value of the kernel's configuration, found in the map `.kconfig`.
    Kconfig {
        /// Size of the variable.
        size_bytes: u32,
    },
    /// `__ksym` variable: an address. Looked up in BTF if its type is not `void`, otherwise in
    /// kallsyms.
    Ksym,
    /// `__ksym` function: called (`call`) or its address taken (64-bit load).
    Kfunc,
    /// A function of another object.
    Func,
    /// A variable of another object. A 64-bit load of its address keeps in its own value what is
    /// added to the address.
    Variable,
    /// A map of another object; its [`Extern::btf`] has the definition to agree with.
    Map,
}

impl ExternKind {
    /// Whether another object has to define it, not the kernel.
    pub fn is_of_object(self) -> bool {
        match self {
            ExternKind::Func | ExternKind::Variable | ExternKind::Map => true,
            ExternKind::Kconfig { .. } | ExternKind::Ksym | ExternKind::Kfunc => false,
        }
    }

    /// What it is, for people: `kernel function`, `variable`, ….
    pub fn noun(self) -> &'static str {
        match self {
            ExternKind::Kconfig { .. } => "configuration value",
            ExternKind::Ksym => "kernel symbol",
            ExternKind::Kfunc => "kernel function",
            ExternKind::Func => "function",
            ExternKind::Variable => "variable",
            ExternKind::Map => "map",
        }
    }
}

impl Extern {
    /// An extern of this name and kind: not weak, without a type.
    pub fn new(name: impl Into<String>, kind: ExternKind) -> Extern {
        let name = name.into();
        Extern { name, kind, is_weak: false, is_hidden: false, section: None, btf: None }
    }
}

/// Who sees a name, as in ELF and BTF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Linkage {
    /// This object only. The verifier checks a static function for each call.
    Static,
    /// Every object. The verifier checks a global function once, on its own.
    #[default]
    Global,
    /// Global, unless another object defines it too.
    Weak,
}

impl Default for Object {
    fn default() -> Object {
        Object {
            endian: Endian::Little,
            license: None,
            kernel_version: None,
            functions: IndexVec::new(),
            maps: IndexVec::new(),
            data: IndexVec::new(),
            externs: IndexVec::new(),
            btf: BtfBuilder::new(),
        }
    }
}

impl Object {
    /// The programs: functions outside `.text`, in order.
    pub fn programs(&self) -> impl Iterator<Item = (FuncId, &Function)> {
        self.functions.iter_enumerated().filter(|(_, function)| function.is_program())
    }

    /// The function with this name.
    pub fn function(&self, name: &str) -> Option<FuncId> {
        let mut functions = self.functions.iter_enumerated();
        functions.find_map(|(id, function)| (function.name == name).then_some(id))
    }

    /// The map with this name.
    pub fn map(&self, name: &str) -> Option<MapId> {
        let mut maps = self.maps.iter_enumerated();
        maps.find_map(|(id, map)| (map.name == name).then_some(id))
    }

    /// The data section with this name.
    pub fn data_section(&self, name: &str) -> Option<DataId> {
        let mut data = self.data.iter_enumerated();
        data.find_map(|(id, section)| (section.name == name).then_some(id))
    }

    /// The oldest instruction set version that has all instructions.
    pub fn min_cpu(&self) -> Cpu {
        let insns = self.functions.iter().flat_map(|function| &function.insns);
        insns.map(|insn| insn.insn.min_cpu()).max().unwrap_or(Cpu::V1)
    }

    /// What another object must define before programs that use it can run.
    pub fn undefined(&self) -> impl Iterator<Item = (ExternId, &Extern)> {
        self.externs.iter_enumerated().filter(|(_, item)| item.kind.is_of_object())
    }

    /// Orders functions by section, in the order in which sections are first mentioned, as a file
    /// has them; ids change. After this and [`Object::define_map_variables`], reading what was
    /// written gives an equal object, but for spans, which ELF does not keep.
    pub fn group_by_section(&mut self) {
        let mut rank = HashMap::new();
        for function in &self.functions {
            let next = rank.len();
            rank.entry(function.section.clone()).or_insert(next);
        }
        let mut order: Vec<FuncId> = self.functions.ids().collect();
        order.sort_by_key(|&id| rank[&self.functions[id].section]);
        let mut new_ids = IndexVec::from_elem(FuncId::new(0), order.len());
        for (new, &old) in order.iter().enumerate() {
            new_ids[old] = FuncId::new(new);
        }
        let renamed = |func: &mut FuncId| {
            if let Some(&new) = new_ids.get(*func) {
                *func = new;
            }
        };
        let mut functions: Vec<Option<Function>> =
            std::mem::take(&mut self.functions).into_iter().map(Some).collect();
        let taken = order.iter().filter_map(|old| functions[old.index()].take());
        self.functions = taken.collect();
        for insn in self.functions.iter_mut().flat_map(|function| &mut function.insns) {
            if let Some(Reloc::Call(func) | Reloc::FuncAddr(func)) = &mut insn.reloc {
                renamed(func);
            }
        }
        for reloc in self.data.iter_mut().flat_map(|section| &mut section.relocs) {
            if let DataTarget::Func(func) = &mut reloc.target {
                renamed(func);
            }
        }
        for (_, value) in self.maps.iter_mut().flat_map(|map| &mut map.values) {
            if let MapInit::Program(func) = value {
                renamed(func);
            }
        }
    }
}
