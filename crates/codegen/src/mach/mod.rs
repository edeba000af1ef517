//! Machine functions: blocks of BPF instructions, near one to one with
//! [`bpfc_isa::Insn`], over virtual registers ([`VReg`]) before register allocation and over
//! [`Reg`] after it.
//!
//! Symbolic are: jump targets (blocks), the stack frame (slots), addresses of globals and
//! functions, and callees. Arithmetic has the two-address form of BPF: `dst = dst op src`.
//! Functions over virtual registers are not in SSA form.

mod asm;
mod cfg;
mod func;
mod inst;
mod print;
mod reg;
mod validate;

pub use asm::{AsmArg, AsmExits, AsmRegs, AsmUse, AsmUseId, asm_targets};
pub use cfg::{BitSet, BlockAccesses, Liveness, Predecessors, for_each_term_use};
pub use func::{Block, BlockId, Func, Term};
pub use inst::{Address, Base, Inst, Op, Role, Source, Symbol};
pub use reg::{AnyReg, VReg};
pub use validate::{Invalid, validate};
