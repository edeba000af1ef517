//! `bpfc test`

use super::{Compile, EngineChoice};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Forms of coverage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CoverageChoice {
    /// The tracefile of lcov.
    Lcov,
    /// A page.
    Html,
    /// Cobertura's XML.
    Cobertura,
}

/// `bpfc test`
#[derive(Args, Debug)]
pub struct Test {
    /// C files with tests, and folders to look for such files in. By default the current folder.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Only tests whose `FILE: NAME` contains this; any of several.
    #[arg(short = 'k', long, value_name = "TEXT")]
    pub filter: Vec<String>,

    /// Print which tests there are, and run none.
    #[arg(long)]
    pub list: bool,

    /// Print failed tests only.
    #[arg(short, long)]
    pub quiet: bool,

    /// End after the first file in which a test fails.
    #[arg(long)]
    pub fail_fast: bool,

    /// How many files are tested at the same time. By default as many as there are CPUs.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,

    /// Which engines of the virtual machine play scenarios; test functions run on the reference.
    #[arg(long, value_enum, default_value_t = EngineChoice::Reference)]
    pub engine: EngineChoice,

    /// Run the programs in this machine's kernel, by BPF_PROG_TEST_RUN. Tests that need a world of their own are left out.
    #[arg(long, conflicts_with = "engine")]
    pub kernel: bool,

    /// Write which lines and branches of the programs the tests went through, in this form. Programs are compiled without
    /// optimisation for that, so that every line has code of its own.
    #[arg(long, value_name = "FORM", value_enum, conflicts_with = "kernel")]
    pub coverage: Option<CoverageChoice>,

    /// Where coverage is written, - for standard output. By default lcov.info, coverage.html or coverage.xml.
    #[arg(long, value_name = "FILE", requires = "coverage")]
    pub coverage_output: Option<PathBuf>,

    /// Fail if fewer than this percentage of lines is covered.
    #[arg(long, value_name = "PERCENT", requires = "coverage")]
    pub fail_under: Option<f64>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "flattened")]
    pub compile: Compile,
}
