//! The intermediate representation: functions in SSA form with block parameters.
//!
//! - A [`Value`] is an instruction of its function's table, whether it has a result or
//!   not. *Leaves* (constants, addresses of slots, globals and functions, relocated
//!   constants) are in no block and may be used everywhere; they are unique per function,
//!   so comparing ids compares leaves. The other instructions are in exactly one block,
//!   and block parameters in exactly one parameter list.
//! - Values are `i32`, `i64` or `ptr`. The upper half of the register that holds an `i32`
//!   is *unspecified*; `zext` and `sext` make it defined, `trunc` is free.
//! - Parameters, arguments and returned values of functions are `i64` or `ptr`, so what
//!   happens to the upper half at a call is always written out. A call's result may be
//!   `i32`, and so may an argument of which a helper looks at 32 bits only.
//! - A pointer is no integer: `ptradd` is 64 bits wide and keeps what the verifier knows
//!   of the pointer, `ptrtoint` and `inttoptr` are free.
//! - Arithmetic is BPF's (RFC 9669 §4.1): `x / 0 = 0`, `x % 0 = x`, shift counts are taken
//!   modulo the width. There is no undefined behaviour but wild memory accesses and
//!   `unreachable`.
//!
//! Every id prints as the text form ([`print`]), which [`parse`](fn@parse) reads.

mod asm;
mod func;
mod inst;
mod module;
pub mod parse;
pub mod print;
mod types;
pub mod validate;

pub use asm::*;
pub use func::*;
pub use inst::*;
pub use module::*;
pub use parse::parse;
pub use types::*;
