//! Why frames have no names, in words.

use std::fmt;

/// Why frames have no names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The kernel does not tell this user where its functions are.
    KernelHidden,
    /// The kernel has no list of its functions.
    KernelUnlisted,
    /// So many processes had ended before their first address was asked for.
    Ended(usize),
    /// So many processes are another user's.
    Forbidden(usize),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |n: &usize| match n {
            1 => "a process".to_owned(),
            n => format!("{n} processes"),
        };
        match self {
            Note::KernelHidden => f.write_str(
                "kernel functions have no names: the kernel hides their addresses; run as root, or write 0 to \
                 /proc/sys/kernel/kptr_restrict",
            ),
            Note::KernelUnlisted => f.write_str(
                "kernel functions have no names: there is no /proc/kallsyms (CONFIG_KALLSYMS, or /proc is not mounted)",
            ),
            Note::Ended(n) => {
                write!(f, "{} ended before their functions could be named: frames are `[unknown]`", of(n))
            }
            Note::Forbidden(n) => {
                write!(f, "{} may not be looked into: frames are `[unknown]`; run as root", of(n))
            }
        }
    }
}
