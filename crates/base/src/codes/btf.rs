//! Codes 06: BTF and CO-RE.

codes! {
    E0601 = "malformed BTF",
    E0602 = "kernel type not found",
    E0603 = "CO-RE relocation failed",
    E0604 = "BTF file cannot be used",
    E0605 = "unknown kernel",
    E0606 = "the kernel lacks a helper",
    E0607 = "the kernel lacks a function or variable",
    E0608 = "the kernel lacks a map type or flag",
    E0609 = "the kernel lacks a program type",
    E0610 = "the kernel lacks an attach type",
    E0611 = "the kernel lacks the place to attach to",
    E0612 = "the kernel lacks an instruction",
    E0613 = "the kernel lacks a feature of BPF",
    W0605 = "types of a kernel are not at hand",
    W0611 = "place to attach to not found",
}
