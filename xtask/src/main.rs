//! Development tasks: `cargo xtask tidy` and friends.

fn main() {
    eprintln!("usage: cargo xtask tidy");
    std::process::exit(2);
}
