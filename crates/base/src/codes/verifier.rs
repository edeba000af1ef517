//! Codes 07: the verifier.

codes! {
    E0701 = "uninitialised register or variable",
    E0702 = "access out of bounds",
    E0703 = "possibly null pointer dereferenced",
    E0704 = "invalid pointer arithmetic",
    E0705 = "invalid memory access",
    E0706 = "packet access without a bounds check",
    E0707 = "wrong helper argument",
    E0708 = "reference not released",
    E0709 = "invalid return value",
    E0710 = "invalid context access",
    E0711 = "program too complex",
    E0712 = "endless loop",
    E0713 = "uninitialised stack",
    E0714 = "malformed code",
}
