//! Codes 04: what BPF forbids of C.

codes! {
    E0401 = "recursion",
    E0402 = "more than five arguments",
    E0403 = "stack frame over 512 bytes",
    E0404 = "floating point",
    E0405 = "unknown helper",
    E0406 = "GPL-only helper without a GPL-compatible license",
    E0407 = "unknown section",
    E0408 = "invalid map definition",
    E0409 = "helper not available to this program type",
    E0410 = "unsupported type at a BPF boundary",
    E0411 = "no program in the file",
    E0412 = "call that BPF cannot express",
    E0413 = "unsupported operation in BPF code",
    E0414 = "invalid assembly",
    E0415 = "invalid operand of inline assembly",
    E0416 = "assembly where it cannot be",
    E0417 = "unsupported operation on 128-bit integers",
    W0401 = "format that the kernel refuses",
    W0407 = "section without a known program type",
    W0408 = "incomplete map definition",
}
