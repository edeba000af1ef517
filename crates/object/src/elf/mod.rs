//! ELF64 relocatable files as far as BPF objects need them: no meaning of sections here.
//!
//! Numbers are from the ELF gABI and, for BPF, `Documentation/bpf/llvm_reloc.rst` (Linux 6.1).

mod file;
mod image;
mod types_section;

pub(crate) use file::{Elf, ElfError, ElfSection, ElfSymbol, Rel};
pub(crate) use image::{Image, RelocDef, SectionDef, SymbolDef, SymbolIdx};
pub use types_section::find_btf_section;

/// `e_ident[EI_CLASS]`: 64-bit.
pub(crate) const CLASS_64: u8 = 2;
/// `e_type`: relocatable.
pub(crate) const TYPE_RELOCATABLE: u16 = 1;
/// `e_machine`: `EM_BPF`.
pub(crate) const MACHINE_BPF: u16 = 247;

pub(crate) const FILE_HEADER_BYTES: usize = 64;
pub(crate) const SECTION_HEADER_BYTES: usize = 64;
pub(crate) const SYMBOL_BYTES: usize = 24;
pub(crate) const REL_BYTES: usize = 16;

/// Section types, `SHT_*`.
pub(crate) mod section_type {
    pub const PROGBITS: u32 = 1;
    pub const SYMTAB: u32 = 2;
    pub const STRTAB: u32 = 3;
    pub const RELA: u32 = 4;
    pub const NOBITS: u32 = 8;
    pub const REL: u32 = 9;
}

/// Section flags, `SHF_*`.
pub(crate) mod section_flag {
    pub const WRITE: u64 = 1;
    pub const ALLOC: u64 = 2;
    pub const EXECUTE: u64 = 4;
    pub const INFO_LINK: u64 = 0x40;
}

/// Special section indices, `SHN_*`.
pub(crate) mod section_idx {
    pub const UNDEFINED: u16 = 0;
    pub const FIRST_RESERVED: u16 = 0xff00;
}

/// Symbol bindings, `STB_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    Local,
    Global,
    Weak,
    Other(u8),
}

impl Binding {
    pub fn from_number(number: u8) -> Binding {
        match number {
            0 => Binding::Local,
            1 => Binding::Global,
            2 => Binding::Weak,
            other => Binding::Other(other),
        }
    }

    pub fn number(self) -> u8 {
        match self {
            Binding::Local => 0,
            Binding::Global => 1,
            Binding::Weak => 2,
            Binding::Other(number) => number & 15,
        }
    }
}

/// Symbol types, `STT_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SymbolType {
    None,
    Object,
    Func,
    Section,
    Other(u8),
}

impl SymbolType {
    pub fn from_number(number: u8) -> SymbolType {
        match number {
            0 => SymbolType::None,
            1 => SymbolType::Object,
            2 => SymbolType::Func,
            3 => SymbolType::Section,
            other => SymbolType::Other(other),
        }
    }

    pub fn number(self) -> u8 {
        match self {
            SymbolType::None => 0,
            SymbolType::Object => 1,
            SymbolType::Func => 2,
            SymbolType::Section => 3,
            SymbolType::Other(number) => number & 15,
        }
    }
}

/// `st_other`: `STV_HIDDEN` and `STV_INTERNAL`.
pub(crate) const VISIBILITY_INTERNAL: u8 = 1;
pub(crate) const VISIBILITY_HIDDEN: u8 = 2;

/// Relocation types, `R_BPF_*`.
pub(crate) mod reloc_type {
    /// No relocation.
    pub const NONE: u32 = 0;
    /// 64-bit load; the addend is in the 32-bit immediates of its two slots.
    pub const INSN_64: u32 = 1;
    /// 8 bytes of data.
    pub const ABS64: u32 = 2;
    /// Call; the addend is in the immediate, in slots, less one.
    pub const INSN_32: u32 = 10;
}
