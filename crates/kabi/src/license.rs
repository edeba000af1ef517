//! Which licenses let a program call GPL-only helpers.

/// The strings the kernel takes for compatible with the GPL, exactly and in this case.
/// Source: `license_is_gpl_compatible`, `include/linux/license.h` (unchanged from 3.18 to 6.12).
pub const GPL_COMPATIBLE_LICENSES: [&str; 6] =
    ["GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"];

/// Whether a program with this `license` section may call GPL-only helpers.
pub fn is_gpl_compatible(license: &str) -> bool {
    GPL_COMPATIBLE_LICENSES.contains(&license)
}

#[cfg(test)]
mod tests {
    use super::is_gpl_compatible;

    #[test]
    fn compares_exactly() {
        assert!(is_gpl_compatible("GPL") && is_gpl_compatible("Dual BSD/GPL"));
        assert!(
            !is_gpl_compatible("gpl") && !is_gpl_compatible("GPLv2") && !is_gpl_compatible("MIT")
        );
        assert!(!is_gpl_compatible(""));
    }
}
