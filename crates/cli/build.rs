//! Embeds the pages of `docs/codes`, so that `bpfc explain` needs no files at run time.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let pages = Path::new(&root).join("../../docs/codes");
    println!("cargo:rerun-if-changed={}", pages.display());
    let mut names: Vec<String> = fs::read_dir(&pages)
        .map(|entries| entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()))
        .map(|names| names.filter(|name| name.ends_with(".md")).collect())
        .unwrap_or_default();
    names.sort();
    let mut table = String::from("&[\n");
    for name in names {
        let path = pages.join(&name);
        let code = name.trim_end_matches(".md");
        writeln!(table, "    ({code:?}, include_str!({:?})),", path.display().to_string())
            .expect("writing to a string");
    }
    table.push_str("]\n");
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("pages.rs");
    fs::write(out, table).expect("the build folder is writable");
}
