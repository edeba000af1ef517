//! What this kernel and user can do, found by trying it. Versions are no proof: distributions
//! backport, configurations leave out, and rights differ.
//!
//! Everything that is made to try is given back at once, and nothing is attached that could ever run.

mod attaching;
mod btf;
pub(crate) mod facts;
mod feature;
mod helpers;
mod machine;
mod maps;
mod mounts;
mod programs;
mod verdict;

use crate::kernel::Kernel;
use bpfc_kabi::{Helper, ProgType, prog_types};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use verdict::{Needs, Prober};

pub use feature::newest_cpu;
pub use helpers::{
    KernelFunction, kernel_functions, may_call, probe_helpers, probe_kernel_functions,
};
pub use verdict::{Finding, Group, Verdict};

/// Threads that probe at the same time: most of the time is the kernel's.
const MAX_THREADS: usize = 4;

/// Tries what belongs to `groups`, in their order. Helpers and kernel functions, of which there are thousands of pairs
/// with types of programs, are left to [`probe_calls`].
pub fn probe(kernel: &Kernel, groups: &[Group]) -> Vec<Finding> {
    let prober = Prober::new(kernel);
    in_parallel(groups, |group| match group {
        Group::System => machine::system(&prober),
        Group::Rights => machine::rights(&prober),
        Group::Settings => machine::settings(&prober),
        Group::Mounts => mounts::probe(&prober),
        Group::Config => machine::config(&prober),
        Group::Isa => feature::instruction_sets(&prober),
        Group::Feature => feature::features(&prober),
        Group::Btf => btf::probe(&prober),
        Group::Attach => attaching::probe(&prober),
        Group::Program => programs::probe(&prober),
        Group::TestRun => programs::test_runs(&prober),
        Group::Map => maps::probe(&prober),
        Group::Iterator => iterators(&prober),
        Group::StructOps => struct_ops(&prober),
        Group::Helper | Group::Kfunc => Vec::new(),
    })
    .into_iter()
    .flatten()
    .collect()
}

/// What programs of a type may call; `None` where such programs cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calls {
    /// The type.
    pub prog_type: ProgType,
    /// Helpers, by their numbers.
    pub helpers: Option<Vec<&'static Helper>>,
    /// Names of kernel functions.
    pub kfuncs: Option<Vec<String>>,
}

/// What to look for in [`probe_calls`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callees {
    /// Helpers only.
    Helpers,
    /// Kernel functions only.
    Kfuncs,
    /// Both.
    All,
}

/// Tries every call from programs of `types`, or of all types if there are none.
pub fn probe_calls(kernel: &Kernel, types: &[ProgType], callees: Callees) -> Vec<Calls> {
    let all: Vec<ProgType> = prog_types().iter().map(|row| row.ty).collect();
    let types = if types.is_empty() { &all } else { types };
    let functions = match callees {
        Callees::Helpers => Vec::new(),
        _ => kernel_functions(kernel),
    };
    in_parallel(types, |ty| Calls {
        prog_type: *ty,
        helpers: match callees {
            Callees::Kfuncs => None,
            _ => probe_helpers(kernel, *ty),
        },
        kfuncs: match callees {
            Callees::Helpers => None,
            _ => probe_kernel_functions(kernel, *ty, &functions).map(|callable| {
                callable.into_iter().map(|function| function.name.clone()).collect()
            }),
        },
    })
}

/// Does the work on several threads; the results come in the order of the items.
fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
    let n_threads = n_threads.min(MAX_THREADS).min(items.len());
    let run = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return };
            let result = work(item);
            results.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
        }
    };
    if n_threads <= 1 {
        run();
    } else {
        std::thread::scope(|scope| {
            for _ in 1..n_threads {
                // Where no thread can be made, this one does it all.
                let _ = std::thread::Builder::new().spawn_scoped(scope, run);
            }
            run();
        });
    }
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Loads a program for each function that could be that of an iterator.
fn iterators(prober: &Prober<'_>) -> Vec<Finding> {
    use crate::sys::bpf::ProgLoad;
    let template = &programs::template(prober.kernel, ProgType::Tracing);
    let candidates = helpers::iterator_names(prober.kernel);
    let tried = candidates.into_iter().filter_map(|(name, id)| {
        let template = ProgLoad {
            attach_btf_id: id,
            expected_attach_type: bpfc_kabi::AttachType::TraceIter.number(),
            ..*template
        };
        let outcome = programs::load_as(&template, &programs::trivial(), &mut []);
        let verdict = match outcome {
            Ok(_) => Verdict::Yes,
            Err(errno @ crate::Errno::EPERM) => {
                let capabilities = crate::explain::of_program(ProgType::Tracing);
                prober.refused(errno, Needs { capabilities, ..Needs::default() })
            }
            // Some other function with this prefix.
            Err(_) => return None,
        };
        Some(Finding { group: Group::Iterator, name, title: None, verdict, since: None })
    });
    tried.collect()
}

fn struct_ops(prober: &Prober<'_>) -> Vec<Finding> {
    let names = helpers::struct_ops_names(prober.kernel);
    let findings = names.into_iter().map(|(name, module)| Finding {
        group: Group::StructOps,
        name,
        title: None,
        verdict: match module {
            None => Verdict::Yes,
            Some(module) => Verdict::value(format!("of the module {module}")),
        },
        since: None,
    });
    findings.collect()
}
