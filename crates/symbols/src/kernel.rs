//! What can be known of the kernel's symbols.

use std::fs::File;
use std::io::{BufRead, BufReader};

/// Why kernel addresses have no names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hidden {
    /// Every address in `/proc/kallsyms` is shown as zero.
    Restricted,
    /// There is no such file.
    Missing,
}

/// Whether `/proc/kallsyms` tells addresses: to some users it shows zeros, as `kptr_restrict` says
/// (`Documentation/admin-guide/sysctl/kernel.rst`).
pub(crate) fn hidden() -> Option<Hidden> {
    let Ok(file) = File::open("/proc/kallsyms") else {
        return Some(Hidden::Missing);
    };
    // A few symbols may be at zero in earnest: those of per-CPU variables.
    let lines = BufReader::new(file).lines().map_while(Result::ok).take(1000);
    let mut addresses = lines.filter_map(|line| line.split(' ').next().map(str::to_owned));
    let is_known = addresses.any(|address| address.bytes().any(|digit| digit != b'0'));
    (!is_known).then_some(Hidden::Restricted)
}
