//! The library's name for programs that are linked with it: the number changes when they would no longer run.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libbpfc.so.0");
}
