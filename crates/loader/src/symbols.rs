//! `/proc/kallsyms`: addresses of kernel symbols, and what the kernel calls a function.

use bpfc_base::similar::most_similar;

/// Prefixes of system call functions: the entry that a probe wants first. `ksyscall` sections of
/// libbpf and BCC's `get_syscall_prefix` know the same.
const SYSCALL_PREFIXES: [&str; 8] = [
    "__x64_sys_",
    "__arm64_sys_",
    "__riscv_sys_",
    "__s390x_sys_",
    "__powerpc_sys_",
    "__loongarch_sys_",
    "__se_sys_",
    "sys_",
];

/// The text of `/proc/kallsyms`.
#[derive(Debug, Default)]
pub struct Symbols {
    text: String,
}

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelSymbol<'a> {
    /// The address, 0 for users who may not know it.
    pub address: u64,
    /// The letter of `nm`; `t` and `T` are code.
    pub kind: char,
    /// The name.
    pub name: &'a str,
    /// Whether it is in a module.
    pub is_module: bool,
}

impl Symbols {
    /// Takes the text of the file.
    pub fn new(text: String) -> Symbols {
        Symbols { text }
    }

    /// All symbols in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = KernelSymbol<'_>> {
        self.text.lines().filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            let address = u64::from_str_radix(words.next()?, 16).ok()?;
            let kind = words.next()?.chars().next()?;
            let name = words.next()?;
            Some(KernelSymbol { address, kind, name, is_module: words.next().is_some() })
        })
    }

    /// Functions.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        let code = self.iter().filter(|symbol| matches!(symbol.kind, 't' | 'T'));
        code.map(|symbol| symbol.name)
    }

    /// The address of a symbol. A symbol that occurs twice at different addresses is ambiguous.
    pub fn address(&self, name: &str) -> Result<Option<u64>, Ambiguous> {
        let mut found = None;
        for symbol in self.iter().filter(|symbol| symbol.name == name) {
            match found {
                Some(address) if address != symbol.address => return Err(Ambiguous),
                _ => found = Some(symbol.address),
            }
        }
        Ok(found)
    }

    /// What the kernel calls the function `name`: the same; for a system call (`sys_clone`,
    /// `SyS_clone`) its entry on this architecture (`__x64_sys_clone`); or the copy that the
    /// compiler made of it (`finish_task_switch.isra.0`).
    ///
    /// # Errors
    /// The most similar function, if there is a similar one.
    pub fn resolve_function(&self, name: &str) -> Result<String, Option<String>> {
        let syscall = (name.strip_prefix("sys_"))
            .or_else(|| name.strip_prefix("SyS_"))
            .or_else(|| name.strip_prefix("__x64_sys_"));
        let entries: Vec<String> = match syscall {
            Some(call) => SYSCALL_PREFIXES.iter().map(|prefix| format!("{prefix}{call}")).collect(),
            None => Vec::new(),
        };
        let mut best: Option<(usize, &str)> = None;
        for function in self.functions() {
            let rank = if function == name {
                0
            } else if let Some(at) = entries.iter().position(|entry| entry == function) {
                1 + at
            } else if is_compiler_copy(function, name) {
                1 + SYSCALL_PREFIXES.len()
            } else {
                continue;
            };
            if best.is_none_or(|(least, _)| rank < least) {
                best = Some((rank, function));
            }
        }
        match best {
            Some((_, function)) => Ok(function.to_owned()),
            None => Err(match syscall {
                Some(call) => self.similar_syscall(call).map(|call| format!("sys_{call}")),
                None => self.similar_function(name),
            }),
        }
    }

    /// Of a hundred thousand functions only those with the same first letter are looked at.
    fn similar_function(&self, name: &str) -> Option<String> {
        let first = name.bytes().next();
        let candidates = self.functions().filter(|found| found.bytes().next() == first);
        most_similar(name, candidates).map(str::to_owned)
    }

    /// The most similar system call, by its bare name.
    fn similar_syscall(&self, call: &str) -> Option<&str> {
        let calls = self.functions().filter_map(|function| {
            SYSCALL_PREFIXES.iter().find_map(|prefix| function.strip_prefix(prefix))
        });
        most_similar(call, calls)
    }

    /// The entry of a system call by its bare name.
    pub fn resolve_syscall(&self, name: &str) -> Result<String, Option<String>> {
        self.resolve_function(&format!("sys_{name}"))
    }
}

/// Whether `function` is `name` with arguments removed or specialised by GCC or LLVM. A `.cold`
/// part is not entered by calls.
fn is_compiler_copy(function: &str, name: &str) -> bool {
    let Some(suffix) = function.strip_prefix(name) else {
        return false;
    };
    let copies = [".isra.", ".constprop.", ".part.", ".llvm."];
    copies.iter().any(|copy| suffix.starts_with(copy)) && !suffix.contains(".cold")
}

/// A name with several addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ambiguous;

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols() -> Symbols {
        Symbols::new(
            "ffff0000 T _text\n\
             ffff0010 t finish_task_switch.isra.0\n\
             ffff0020 t finish_task_switch.isra.0.cold\n\
             ffff0030 T __x64_sys_clone\n\
             ffff0038 T __se_sys_clone\n\
             ffff0040 D jiffies\n\
             ffff0050 t twice\nffff0060 t twice\n\
             ffff0070 t mod_fn\t[mod]\n\
             garbage\n"
                .into(),
        )
    }

    #[test]
    fn resolves_functions() {
        let symbols = symbols();
        let resolve = |name| symbols.resolve_function(name);
        assert_eq!(resolve("_text"), Ok("_text".into()));
        assert_eq!(resolve("sys_clone"), Ok("__x64_sys_clone".into()));
        assert_eq!(resolve("finish_task_switch"), Ok("finish_task_switch.isra.0".into()));
        assert_eq!(resolve("sys_clon"), Err(Some("sys_clone".into())));
        assert_eq!(resolve("mod_fm"), Err(Some("mod_fn".into())));
        assert_eq!(resolve("jiffies"), Err(None));
    }

    #[test]
    fn finds_addresses() {
        let symbols = symbols();
        assert_eq!(symbols.address("jiffies"), Ok(Some(0xffff_0040)));
        assert_eq!(symbols.address("nothing"), Ok(None));
        assert_eq!(symbols.address("twice"), Err(Ambiguous));
        assert!(symbols.iter().any(|symbol| symbol.is_module));
    }
}
