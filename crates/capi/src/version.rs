//! Which version this is.

use std::ffi::c_char;

/// The version of the header. Releases with the same first number (with the same first two, while the first is 0) are compatible.
pub const BPFC_VERSION_MAJOR: u32 = 0;
/// The second number of the version.
pub const BPFC_VERSION_MINOR: u32 = 1;
/// The third number of the version.
pub const BPFC_VERSION_PATCH: u32 = 0;

/// The version of the library as a text, such as "0.1.0". It lives for ever.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The version of the library as a number: `major << 16 | minor << 8 | patch`.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_version_number() -> u32 {
    BPFC_VERSION_MAJOR << 16 | BPFC_VERSION_MINOR << 8 | BPFC_VERSION_PATCH
}
