//! Functions and their instructions.

use super::{DataId, ExternId, FuncId, Linkage, MapId};
use bpfc_base::Span;
use bpfc_btf::TypeId;
use bpfc_isa::{Callee, Insn, Reg, Wide};
use std::sync::Arc;

/// A program or a subprogram.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Function {
    /// Its name in C.
    pub name: String,
    /// The text of `SEC("…")`, or `.text` for a subprogram.
    pub section: String,
    /// Who sees it.
    pub linkage: Linkage,
    /// `__hidden`: global to the linker, static to the verifier (libbpf rewrites the BTF linkage).
    pub is_hidden: bool,
    /// Its `FUNC` in [`Object::btf`](super::Object::btf).
    pub btf: Option<TypeId>,
    /// Its instructions. Jump offsets count slots and stay inside the function.
    pub insns: Vec<ObjInsn>,
    /// Its name in the source; not kept in ELF.
    pub span: Span,
}

/// One instruction with everything that hangs on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjInsn {
    /// The instruction. Where `reloc` is set the operand it concerns is a neutral filler, see
    /// [`Reloc`].
    pub insn: Insn,
    /// What the operand stands for.
    pub reloc: Option<Reloc>,
    /// How the immediate or offset depends on the running kernel's types.
    pub core: Option<CoreReloc>,
    /// The source of the instruction; [`Span::NONE`] in objects read from ELF.
    pub span: Span,
    /// The source line, for `.BTF.ext`, listings and the kernel's log. Normally all instructions
    /// of a function have one or none has.
    pub line: Option<Arc<Line>>,
}

/// What the operand of an instruction stands for.
///
/// The instruction is [`Insn::LoadImm64`] of `Wide::Value(0)` for addresses (but see
/// [`Reloc::Extern`]), and
/// [`Insn::Call`] of `Callee::Local { off: -1 }` for calls; the constructors of [`ObjInsn`] make it
/// so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reloc {
    /// 64-bit load of a map.
    Map(MapId),
    /// 64-bit load of an address in a data section.
    Data {
        /// The section.
        section: DataId,
        /// Offset in the section, in bytes.
        offset: u32,
    },
    /// 64-bit load of a function's address, for callbacks.
    FuncAddr(FuncId),
    /// Call of a function of this object.
    Call(FuncId),
    /// Call of a function of the kernel or of another object, or 64-bit load of the address of
    /// something there or of a configuration value in `.kconfig`. The load's value is an offset
    /// from a variable of another object.
    Extern(ExternId),
}

/// A CO-RE relocation: `struct bpf_core_relo` (Linux 5.17 `include/uapi/linux/bpf.h`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CoreReloc {
    /// What is asked: `enum bpf_core_relo_kind`.
    pub kind: u32,
    /// The type asked about, in [`Object::btf`](super::Object::btf).
    pub root: TypeId,
    /// Field indices from the root such as `0:1:2`, an enumerator's index, or `0`.
    pub access: Arc<str>,
}

/// A source line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// Name of the file.
    pub file: Arc<str>,
    /// Line number, from 1; at most 2²²-1 in `.BTF.ext`.
    pub line: u32,
    /// Column in bytes, from 1, 0 if unknown; at most 1023 in `.BTF.ext`.
    pub column: u32,
    /// The text of the line, without its end.
    pub text: Arc<str>,
}

impl Function {
    /// The section of subprograms.
    pub const SUBPROGRAM_SECTION: &'static str = ".text";

    /// Whether it is an entry point rather than a subprogram.
    pub fn is_program(&self) -> bool {
        self.section != Self::SUBPROGRAM_SECTION
    }

    /// Length in slots.
    pub fn n_slots(&self) -> u32 {
        self.insns.iter().map(|insn| insn.insn.slots()).sum()
    }
}

impl ObjInsn {
    /// An instruction by itself.
    pub fn new(insn: Insn) -> ObjInsn {
        ObjInsn { insn, reloc: None, core: None, span: Span::NONE, line: None }
    }

    /// `dst = reloc ll`: the address of a map, data, function or kernel symbol.
    pub fn load_address(dst: Reg, reloc: Reloc) -> ObjInsn {
        debug_assert!(!matches!(reloc, Reloc::Call(_)), "an address");
        let value = Wide::Value(0);
        ObjInsn { reloc: Some(reloc), ..ObjInsn::new(Insn::LoadImm64 { dst, value }) }
    }

    /// A call of a function of this object ([`Reloc::Call`]) or of the kernel
    /// ([`Reloc::Extern`]). Helpers are called without a relocation.
    pub fn call(reloc: Reloc) -> ObjInsn {
        debug_assert!(matches!(reloc, Reloc::Call(_) | Reloc::Extern(_)), "something to call");
        ObjInsn { reloc: Some(reloc), ..ObjInsn::new(Insn::Call(Callee::Local { off: -1 })) }
    }
}

impl From<Insn> for ObjInsn {
    fn from(insn: Insn) -> ObjInsn {
        ObjInsn::new(insn)
    }
}
