//! Codes 05: the dialect of BCC.

codes! {
    E0501 = "unknown table method",
    E0502 = "wrong table type",
    E0503 = "invalid program parameters",
    E0504 = "unknown tracepoint",
    E0505 = "unsupported feature of the dialect",
    E0506 = "unknown USDT probe",
    E0507 = "no such argument of a USDT probe",
    E0508 = "invalid access to a packet header",
    E0509 = "write to kernel memory",
}
