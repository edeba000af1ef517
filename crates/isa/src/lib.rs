//! BPF instructions as RFC 9669 defines them, plus `may_goto` (Linux 6.9) and the load-acquire and
//! store-release atomics (Linux 6.15).
//!
//! [`Insn`] is the centre: one value is one legal instruction. Around it:
//!
//! - [`encode`], [`encode_program`]: instructions to bytes;
//! - [`decode`], [`decode_program`]: bytes to instructions, strict about reserved fields;
//! - [`Insn::text`], [`disassemble`]: instructions to pseudo-C text, as LLVM and the kernel print it;
//! - [`assemble`]: that text to instructions; [`assemble_fragment`]: the text of inline assembly;
//! - facts for analyses: register sets, control flow, the instruction set version
//!   ([`Insn::uses`], [`Insn::defs`], [`Insn::is_terminator`], [`Insn::min_cpu`], [`SlotMap`]).
//!
//! ```
//! use bpfc_isa::{Endian, assemble, decode_program, disassemble, encode_program};
//!
//! let text = "\tr0 = 0x2\n\tif r1 == 0x0 goto .L3\n\tr0 += r1\n.L3:\n\texit\n";
//! let insns = assemble(text, &()).expect("the text is correct").insns;
//! let bytes = encode_program(&insns, Endian::Little);
//! assert_eq!(bytes[..8], [0xb7, 0, 0, 0, 2, 0, 0, 0]);
//! assert_eq!(decode_program(&bytes, Endian::Little), Ok(insns.clone()));
//! assert_eq!(disassemble(&insns, &()), text);
//! ```
//!
//! Nothing here knows helpers by name, maps, ELF or C, and nothing judges whether a program is safe.

#![forbid(unsafe_code)]

mod asm;
mod cpu;
mod decode;
mod encode;
mod flow;
mod insn;
mod listing;
mod opcode;
mod operand;
mod reg;
mod slots;
mod spelling;
mod text;

pub use asm::{
    AsmError, AsmProblem, Assembly, Fragment, FragmentError, FragmentInsn, FragmentTarget, Symbols,
    assemble, assemble_fragment,
};
pub use cpu::Cpu;
pub use decode::{DecodeError, Malformed, decode, decode_program};
pub use encode::{Encoded, Endian, encode, encode_program};
pub use insn::Insn;
pub use listing::{Names, disassemble};
pub use operand::{
    AluOp, AtomicOp, Callee, Extension, JmpOp, LoadType, Narrow, Size, Src, SwapBits, SwapOp, Wide,
    Width,
};
pub use reg::{Reg, RegSet};
pub use slots::SlotMap;
pub use text::{InsnText, Syntax};
