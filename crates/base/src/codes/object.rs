//! Codes 08: objects.

codes! {
    E0801 = "malformed object file",
    E0802 = "unsupported object file",
    E0803 = "undefined symbol",
    E0804 = "limit of the object format exceeded",
    E0820 = "no skeleton for this object",
}
