//! Integer constants of the virtual headers: macros and enumerators, with the header in which each lives.
//!
//! For programs that include `vmlinux.h` or a kernel header and use a macro that BTF does not carry, and for
//! messages that say which header a name needs.

use crate::tables::constant::CONSTANTS;

/// A macro or enumerator whose value is an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constant {
    /// The name in C.
    pub name: &'static str,
    /// The value; every value fits in `i64` or in `u64`.
    pub value: i128,
    /// The path of the header, such as `linux/if_ether.h`.
    pub header: &'static str,
}

/// All constants by ascending name.
pub fn constants() -> &'static [Constant] {
    &CONSTANTS
}

/// The constant of this name.
pub fn constant(name: &str) -> Option<&'static Constant> {
    CONSTANTS.binary_search_by(|row| row.name.cmp(name)).ok().map(|idx| &CONSTANTS[idx])
}
