//! Codes 08: objects.

codes! {
    E0801 = "malformed object file",
    E0802 = "unsupported object file",
    E0803 = "undefined symbol",
    E0804 = "limit of the object format exceeded",
    E0805 = "symbol defined more than once",
    E0806 = "objects contradict each other",
    W0803 = "symbol still undefined after linking",
    E0820 = "no skeleton for this object",
}
