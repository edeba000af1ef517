//! What can be known of the kernel's symbols.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::sync::Arc;

/// Why kernel addresses have no names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hidden {
    /// Every address in `/proc/kallsyms` is shown as zero.
    Restricted,
    /// There is no such file.
    Missing,
}

/// Where modules are.
#[derive(Debug, Default)]
pub(crate) struct Modules {
    /// Start, size, name; in the order of their starts.
    modules: Vec<(u64, u64, Arc<str>)>,
}

impl Modules {
    /// Those that are loaded now.
    pub(crate) fn read() -> Modules {
        Modules::parse(&std::fs::read_to_string("/proc/modules").unwrap_or_default())
    }

    /// `NAME SIZE USERS BY STATE ADDRESS` (`m_show`, `kernel/module/procfs.c`, 6.12).
    fn parse(text: &str) -> Modules {
        let modules = text.lines().filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let start = u64::from_str_radix(words.get(5)?.strip_prefix("0x")?, 16).ok()?;
            Some((start, words[1].parse().ok()?, format!("[{}]", words[0]).into()))
        });
        let mut modules: Vec<_> = modules.collect();
        modules.sort();
        Modules { modules }
    }

    /// The module that an address is in, in brackets.
    pub(crate) fn find(&self, address: u64) -> Option<Arc<str>> {
        let end = self.modules.partition_point(|(start, ..)| *start <= address);
        let (start, size, name) = self.modules[..end].last()?;
        (address - start < *size).then(|| Arc::clone(name))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_where_the_kernel_says() {
        let text = "veth 40960 0 - Live 0xffffffffc0a00000\nnf_tables 8192 2 nft_ct, Live 0xffffffffc0900000 (OE)\nhidden 1 0 - \n";
        let modules = Modules::parse(text);
        assert_eq!(modules.find(0xffff_ffff_c0a0_0004).as_deref(), Some("[veth]"));
        assert_eq!(modules.find(0xffff_ffff_c090_1fff).as_deref(), Some("[nf_tables]"));
        assert_eq!(modules.find(0xffff_ffff_c090_2000), None);
        assert_eq!(modules.find(4), None);
    }
}
