//! What the kernel's verifier would say of a linked program, before load and without a kernel.
//!
//! [`verify`] executes a program abstractly: along every path, with what is known of each register
//! and stack byte, in the kernel's own model, so that verdicts agree. Input: an
//! [`Object`] and one [`Linked`] program of it. Output: a [`Report`] with the verdict and, if the
//! program is rejected, one [`Diagnostic`] about the C source. No IO.
//!
//! How it is built: what an instruction demands is data (`obligation`); whether a state meets a
//! demand is one function (`discharge`); how an instruction changes the state another
//! (`transfer`); `explore` walks over the paths and decides what need not be walked twice;
//! `diagnose` explains the first broken obligation.
//!
//! What is known of kernel functions, kernel objects, dynptrs, iterators, kptrs and of contexts that BTF describes comes
//! from the types of the kernel ([`VerifyOptions::kernel_btf`]); without them these are gaps.
//!
//! **Known gaps.** What is not modelled is assumed to be right, never reported: kernel functions that the tables do not
//! have, results of LSM and struct_ops programs, resilient locks and saved interrupts, buffers of writable tracepoints,
//! arguments of programs that replace functions. [`Report::gaps`] says which of these a program met.

#![forbid(unsafe_code)]

mod diagnose;
mod discharge;
pub mod domain;
mod explore;
mod fault;
mod fault_kernel;
mod obligation;
mod program;
mod state;
mod transfer;

use bpfc_base::{Diagnostic, SourceMap};
use bpfc_btf::Btf;
use bpfc_kabi::{KernelVersion, limits::limits};
use bpfc_object::{Linked, Object};
use explore::{Explorer, Found, depth, structure};
use fault::Fault;
use program::Program;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What to verify for.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions {
    /// The kernel whose rules apply. Without one, a program must satisfy all of them where they
    /// differ: for instance, reading uninitialised stack is refused, as before Linux 6.3.
    pub kernel: Option<KernelVersion>,
    /// The types of that kernel, which say what kernel functions take and return and what is behind pointers to kernel
    /// objects. Without them such pointers are taken to be used right, which [`Report::gaps`] tells.
    pub kernel_btf: Option<Arc<Btf>>,
    /// What `__kconfig` variables are on that kernel, by name; of others only the version is known.
    pub config: BTreeMap<String, u64>,
    /// Whether a helper that this kernel does not have, or not for this type of program, is called like any other: for
    /// callers that report what is lacking themselves, all of it.
    pub ignores_availability: bool,
    /// Whether the program is loaded by a user without `CAP_BPF` and `CAP_PERFMON`, where
    /// `kernel.unprivileged_bpf_disabled` lets them.
    pub unprivileged: bool,
    /// Gives up after this many instructions, counted along all paths; none for the kernel's limit.
    pub max_insns: Option<u32>,
    /// Keeps a state wherever states are compared, as the kernel does with `BPF_F_TEST_STATE_FREQ`: for tests.
    pub keeps_all_states: bool,
    /// Follows every path to its end, however alike states are, and writes down what was known of numbers on the way
    /// ([`Report::observed`]): to compare with runs, for tests on programs with few paths.
    pub observes: bool,
    /// Memory is only accessed at multiples of the size: for machines that cannot do otherwise, and for
    /// `BPF_F_STRICT_ALIGNMENT`.
    pub aligns_strictly: bool,
}

/// Whether the kernel would take the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It would, as far as this verifier knows.
    Accepted,
    /// It would not.
    Rejected,
}

/// What was known of the registers that hold numbers, before an instruction on one path.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The instruction.
    pub insn_idx: u32,
    /// How many calls of functions are in progress.
    pub depth: u32,
    /// Of `r0` to `r9`; none of what is no number.
    pub numbers: [Option<domain::Scalar>; 10],
}

/// What is known of a program.
#[derive(Clone, Debug)]
pub struct Report {
    /// The answer.
    pub verdict: Verdict,
    /// Why not; at most one error, as in the kernel.
    pub diagnostics: Vec<Diagnostic>,
    /// Instructions looked at along all paths.
    pub n_insns: u32,
    /// States kept in total, for comparison with later ones.
    pub n_states: u32,
    /// States kept at a time, at most.
    pub n_peak_states: u32,
    /// Bytes of stack of each function, in the order of [`Linked::subprogs`].
    pub stack_bytes: Vec<u32>,
    /// Per instruction of the program, whether a path leads to it; of a rejected one, whether one was found.
    pub reached: Vec<bool>,
    /// Per instruction of the program, how often it was looked at: where verification spends its time.
    pub visits: Vec<u32>,
    /// Bytes of memory for kept states and for paths not taken yet, at most; an estimate.
    pub peak_bytes: u64,
    /// What was known where, if that was asked for.
    pub observed: Vec<Observed>,
    /// What the program uses that is not modelled, in alphabetical order.
    pub gaps: Vec<String>,
}

/// Verifies `linked`, a program of `object`. The spans of its instructions are looked up in
/// `sources`; where they have none, messages name the line from the object.
pub fn verify(
    object: &Object,
    linked: &Linked,
    options: &VerifyOptions,
    sources: &SourceMap,
) -> Report {
    let program = Program::new(object, linked, options);
    let limit = options.kernel.map(|kernel| limits(kernel).max_processed_insns);
    let max_insns = options.max_insns.or(limit).unwrap_or(1_000_000);
    let mut explorer = Explorer::new(&program, max_insns);
    let result = explore_all(&program, &mut explorer);
    let cost = explorer.cost().clone();
    Report {
        verdict: match result {
            Ok(()) => Verdict::Accepted,
            Err(_) => Verdict::Rejected,
        },
        diagnostics: match &result {
            Ok(()) => Vec::new(),
            Err(found) => {
                let replay = explorer.replay(found);
                vec![diagnose::diagnose(&program, sources, found, &replay)]
            }
        },
        n_insns: cost.n_insns,
        n_states: cost.n_states,
        n_peak_states: cost.n_peak_states,
        stack_bytes: cost.stack_bytes,
        reached: cost.visits.iter().map(|&n_visits| n_visits > 0).collect(),
        visits: cost.visits,
        peak_bytes: cost.peak_bytes,
        observed: explorer.take_observed(),
        gaps: explorer.gaps().cloned().collect(),
    }
}

/// The program itself, then each global function by itself, as the kernel does.
fn explore_all(program: &Program<'_>, explorer: &mut Explorer<'_, '_>) -> Result<(), Box<Found>> {
    let alone = |(insn_idx, fault): (u32, Fault)| {
        Box::new(Found { fault, insn_idx, trace: Vec::new(), hot: None })
    };
    structure::check(program).map_err(alone)?;
    discharge::check_maps(program).map_err(alone)?;
    if program.is_unprivileged {
        discharge::check_unprivileged(program).map_err(alone)?;
        structure::check_loops(program).map_err(alone)?;
    }
    explorer.explore(0)?;
    // Functions that are verified by themselves, if a path calls them: `do_check_subprogs`.
    let mut is_done = vec![false; program.funcs.len()];
    while let Some(func) = (1..program.funcs.len() as u32)
        .find(|&func| explorer.is_called(func) && !is_done[func as usize])
    {
        is_done[func as usize] = true;
        explorer.explore(func)?;
    }
    depth::check(program, &explorer.cost().stack_bytes).map_err(alone)?;
    structure::check_removal(program, &explorer.cost().visits).map_err(alone)
}
