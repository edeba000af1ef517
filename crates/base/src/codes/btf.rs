//! Codes 06: BTF and CO-RE.

codes! {
    E0601 = "malformed BTF",
    E0602 = "kernel type not found",
    E0603 = "CO-RE relocation failed",
    E0604 = "BTF file cannot be used",
}
