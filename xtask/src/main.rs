//! Development tasks: `cargo xtask` lists them.

#![forbid(unsafe_code)]

mod agree;
mod bench;
mod blessed;
mod c_testsuite;
mod conformance;
mod corpus;
mod differential;
mod effort;
mod fuzz;
mod header;
mod install;
mod kabi;
mod kernels;
mod ready;
mod sound;
mod tidy;
mod wheel;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask TASK

  tidy    check the repository's own rules: crate edges, codes and their pages, lengths, words
  ready   what CI asks for: fmt --check, clippy -D warnings, tidy, test
  agree   compare the verdicts of our verifier with the kernel's: `agree --help`
  bench   compare bpfc with clang on the examples, write docs/benchmarks.md: `bench [front-end]`;
          `bench code` writes docs/code-quality.md, `bench verifier` docs/verifier-cost.md
  differential
          compare generated programs between compilers, engines and the kernel
  effort  compare what verifying costs us and the kernel here: `effort [--corpus NAME] [FILTER]`
  sound   run programs that our verifier accepts, compare with what it knew: `sound [N] [SEED]`
  fuzz    run mutated programs through lexer, preprocessor and parser: `fuzz [N] [SEED]`,
          or mutated objects through all that takes objects: `fuzz objects [N] [SEED]`, or programs that no
          verifier saw through the virtual machine: `fuzz vm [N] [SEED]`
  maps    compare map operations in the virtual machine with this kernel's: `maps [N] [SEED]`
  corpus  build the programs of other projects, compare with the lists in tests/corpus
  c-testsuite
          run the C test suite, compare with its list or, with --bless, write it
  conformance
          run the tests of bpf_conformance, compare with their list or, with --bless, write it
  header  write crates/capi/include/bpfc.h from the Rust source of the C library
  install build the C library and copy it with its header: `install --prefix /usr/local`; --destdir DIR in front of it,
          --library FILE for one that is built already
  kabi    write the tables of crates/kabi from Linux and libbpf source
  kernels write the types of the reference kernels from Debian's packages, or boot those kernels
  vm      run a command on another kernel in qemu: `vm --kernel 6.1 -- bpfc features`
  wheel   make a wheel of the Python package, install it in a fresh environment, test it there: `wheel [--release]`
  tools   run the tools of bpfcc-tools on bpfc's Python package: `tools 6.1`, write docs/bcc-parity.md
  matrix  try every hook on several kernels, write docs/hooks.md";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((task, rest)) = args.split_first() else {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    };
    let result = match task.as_str() {
        "help" | "-h" | "--help" => {
            println!("{USAGE}");
            Ok(())
        }
        "sound" => sound::run(rest),
        "tidy" => tidy::run(),
        "ready" => ready::run(),
        "agree" => agree::run(rest),
        "bench" => bench::run(rest),
        // What `bench` starts to measure one process.
        "bench-child" => bench::child(rest),
        "c-testsuite" => c_testsuite::run(rest),
        "conformance" => conformance::run(rest),
        "differential" => differential::run(rest),
        "effort" => effort::run(rest),
        "fuzz" => fuzz::run(rest),
        "maps" => fuzz::maps(rest),
        "corpus" => corpus::run(rest),
        "header" => header::run(rest),
        "install" => install::run(rest),
        "kabi" => kabi::run(rest),
        "kernels" => kernels::run(rest),
        "matrix" => kernels::matrix::run(rest),
        "tools" => kernels::tools::run(rest),
        "vm" => kernels::vm::run(rest),
        "wheel" => wheel::run(rest),
        _ => Err(format!("unknown task `{task}`\n{USAGE}").into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
