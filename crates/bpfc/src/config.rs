//! `CONFIG_…` in BCC's dialect, whose programs are compiled as if with the kernel's headers: those options that the text
//! asks for are defined as the kernel was configured.

use crate::Arch;
use std::collections::BTreeSet;

const PREFIX: &str = "CONFIG_";

/// What every kernel of an architecture has that runs such programs, for where its configuration is not known.
fn is_always_set(name: &str, arch: Arch) -> bool {
    match name {
        "CONFIG_64BIT" | "CONFIG_BPF" | "CONFIG_BPF_SYSCALL" | "CONFIG_MMU" | "CONFIG_SMP"
        | "CONFIG_NET" | "CONFIG_NET_NS" | "CONFIG_INET" | "CONFIG_SLUB" | "CONFIG_MEMCG"
        | "CONFIG_CGROUPS" | "CONFIG_NUMA" => true,
        "CONFIG_X86" | "CONFIG_X86_64" => arch == Arch::X86_64,
        "CONFIG_ARM64" => arch == Arch::Arm64,
        // Selected by these architectures since 4.17 and 4.19 (`arch/*/Kconfig`, 6.12).
        "CONFIG_ARCH_HAS_SYSCALL_WRAPPER" => {
            matches!(arch, Arch::X86_64 | Arch::Arm64 | Arch::S390x | Arch::Riscv64)
        }
        _ => false,
    }
}

/// The definitions, `NAME=VALUE`. `value` is that of an option as in `.config`; none if it is not known.
pub(crate) fn defines(
    text: &str,
    arch: Arch,
    mut value: impl FnMut(&str) -> Option<String>,
) -> Vec<String> {
    let define = |name: &str| match value(name).as_deref() {
        Some("y") => Some(format!("{name}=1")),
        Some("m") => Some(format!("{name}_MODULE=1")),
        Some("n") => None,
        Some(value) => Some(format!("{name}={value}")),
        None => is_always_set(name, arch).then(|| format!("{name}=1")),
    };
    options(text).into_iter().filter_map(define).collect()
}

/// The options that a text names.
fn options(text: &str) -> BTreeSet<&str> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let starts = text.match_indices(PREFIX).map(|(at, _)| at);
    let whole = starts.filter(|&at| at == 0 || !is_word(text.as_bytes()[at - 1]));
    let names = whole.map(|at| {
        let rest = &text[at..];
        let end = rest.bytes().position(|byte| !is_word(byte)).unwrap_or(rest.len());
        let name = &rest[..end];
        name.strip_suffix("_MODULE").unwrap_or(name)
    });
    names.filter(|name| name.len() > PREFIX.len()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_as_the_kernel_has_them() {
        let text = "#ifdef CONFIG_A\n#endif // CONFIG_B_MODULE XCONFIG_X CONFIG_ CONFIG_HZ\nCONFIG_N CONFIG_U CONFIG_64BIT";
        let value = |name: &str| match name {
            "CONFIG_A" => Some("y".to_owned()),
            "CONFIG_B" => Some("m".to_owned()),
            "CONFIG_HZ" => Some("250".to_owned()),
            "CONFIG_N" => Some("n".to_owned()),
            _ => None,
        };
        let found = defines(text, Arch::X86_64, value);
        assert_eq!(found, ["CONFIG_64BIT=1", "CONFIG_A=1", "CONFIG_B_MODULE=1", "CONFIG_HZ=250"]);
        let text = "CONFIG_ARCH_HAS_SYSCALL_WRAPPER CONFIG_X86_64";
        assert_eq!(defines(text, Arch::Arm64, |_| None), ["CONFIG_ARCH_HAS_SYSCALL_WRAPPER=1"]);
    }
}
