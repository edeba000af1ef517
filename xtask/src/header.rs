//! `cargo xtask header`: the C library's header, from its Rust source.

use std::path::{Path, PathBuf};

type Error = Box<dyn std::error::Error>;

/// The files, in the order in which a reader wants them.
const SOURCES: &[&str] = &[
    "version", "ffi", "error", "report", "options", "object", "machine", "loaded", "link", "map",
    "events",
];

/// Writes the header.
pub fn run(_: &[String]) -> Result<(), Error> {
    let text = generate()?;
    std::fs::create_dir_all(folder().join("include"))?;
    Ok(std::fs::write(path(), text)?)
}

/// The crate of the C library.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/capi")
}

/// Where the header is.
pub fn path() -> PathBuf {
    folder().join("include/bpfc.h")
}

fn generate() -> Result<Vec<u8>, Error> {
    let config = cbindgen::Config::from_file(folder().join("cbindgen.toml"))?;
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in SOURCES {
        builder = builder.with_src(folder().join(format!("src/{source}.rs")));
    }
    let mut text = Vec::new();
    builder.generate()?.write(&mut text);
    Ok(text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_header_is_current() {
        let committed = std::fs::read(super::path()).expect("the header");
        let generated = super::generate().expect("a header");
        assert!(committed == generated, "run `cargo xtask header`");
    }
}
