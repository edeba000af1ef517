//! Which kernels a command is about: `--kernel 5.10,6.1`, `all`, `running`; without it the running one, or the newest
//! of those that bpfc carries where the running one shows no types.

use crate::exit::Exit;
use crate::terminal::Terminal;
use crate::{btf_file, files};
use bpfc::{Arch, Btf, KernelVersion, Object, TargetKernel};
use bpfc_base::{Diagnostic, codes};
use bpfc_btf::Bytes;
use bpfc_kabi::{FEATURES, guess_section, helpers, kfuncs};
use bpfc_object::{Extern, ExternKind, Function};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where Linux shows the types of the running kernel (5.2 and later).
const RUNNING: &str = "/sys/kernel/btf/vmlinux";

/// The types to compile with if nothing was said: those of the running kernel, else of the newest bundled one.
pub fn default_types() -> Option<Arc<Btf>> {
    running().or_else(|| bpfc_kernels::open(*bpfc_kernels::versions().last()?))
}

/// Whether `object` is to be verified with [`default_types`]. Those that bpfc carries are unpacked in full, so that they are
/// only taken for what cannot be verified without.
pub fn wants_types(object: &Object) -> bool {
    let is_of_kernel = |item: &Extern| matches!(item.kind, ExternKind::Kfunc | ExternKind::Ksym);
    let is_traced = |function: &Function| {
        let section = guess_section(&function.section).map(|section| section.def.name);
        section.is_some_and(|name| {
            let kind = name.trim_end_matches(".s");
            ["fentry", "fexit", "fmod_ret", "tp_btf", "iter", "lsm", "struct_ops"].contains(&kind)
        })
    };
    Path::new(RUNNING).exists()
        || object.externs.iter().any(is_of_kernel)
        || object.programs().any(|(_, function)| is_traced(function))
}

/// The machine that [`default_types`] are of.
pub fn default_arch() -> Arch {
    match Path::new(RUNNING).exists() {
        true => Arch::host(),
        false => Arch::X86_64,
    }
}

/// The types of the running kernel.
pub fn running() -> Option<Arc<Btf>> {
    let bytes = match bpfc_loader::View::of_kernel_types() {
        Ok(view) => Bytes::shared(view),
        // Read in full: where it cannot be mapped, each read gives a page.
        Err(_) => files::read(Path::new(RUNNING)).ok()?.into(),
    };
    // The kernel checked them when it started.
    Btf::trust(bytes).ok().map(Arc::new)
}

/// Which kernel's types [`default_types`] takes, in words.
pub fn default_name() -> String {
    match (Path::new(RUNNING).exists(), bpfc_kernels::bundled().kernels().last()) {
        (false, Some(newest)) => format!("bundled: {}", newest.release),
        _ => "those of the running kernel".to_owned(),
    }
}

/// The kernels of `--kernel LIST`, sorted by version. `btf_files` are the types of the only one, if there are any.
///
/// # Errors
/// How the command ends; why was printed.
pub fn select(
    list: &[String],
    btf_files: &[PathBuf],
    terminal: &mut Terminal,
) -> Result<Vec<TargetKernel>, Exit> {
    let mut wanted = Vec::new();
    for name in list {
        match name.as_str() {
            "all" => {
                wanted.extend(bpfc_kernels::versions().into_iter().map(|v| (v, Place::Bundled)))
            }
            "running" => {
                let release = bpfc_loader::Kernel::new().version();
                let here = release.filter(|_| cfg!(target_os = "linux"));
                let message = "the running kernel is not Linux";
                let version = here.ok_or_else(|| usage(message.into(), terminal))?;
                wanted.push((version, Place::Running));
            }
            name => {
                let version = known_version(name).ok_or_else(|| {
                    usage(format!("there is no kernel `{name}` that bpfc knows"), terminal)
                })?;
                wanted.push((version, Place::Bundled));
            }
        }
    }
    wanted.sort();
    wanted.dedup_by_key(|(version, _)| *version);
    if btf_files.is_empty() {
        let kernels = open_all(&wanted);
        for kernel in kernels.iter().filter(|kernel| kernel.btf.is_none()) {
            terminal.fail(without_types(kernel.version));
        }
        return Ok(kernels);
    }
    let [(version, _)] = wanted[..] else {
        return Err(usage("`--btf` goes with one kernel".into(), terminal));
    };
    let btf = btf_file::open(btf_files).map_err(|diagnostic| terminal.fail_with(diagnostic))?;
    Ok(vec![TargetKernel { version, btf, unprivileged: false }])
}

/// Where types come from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Running,
    Bundled,
}

/// Unpacks kernels, each in a thread of its own if there are several.
fn open_all(wanted: &[(KernelVersion, Place)]) -> Vec<TargetKernel> {
    let open = |(version, place): (KernelVersion, Place)| {
        let btf = match place {
            Place::Running => running(),
            Place::Bundled => bpfc_kernels::open(version),
        };
        TargetKernel { version, btf, unprivileged: false }
    };
    if let [only] = wanted {
        return vec![open(*only)];
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = wanted.iter().map(|one| scope.spawn(move || open(*one))).collect();
        threads.into_iter().map(|thread| thread.join().expect("unpacking does not fail")).collect()
    })
}

/// A release that the tables know something of.
fn known_version(name: &str) -> Option<KernelVersion> {
    let version = KernelVersion::parse(name)?;
    let features = FEATURES.iter().map(|feature| feature.since());
    let functions = kfuncs().iter().filter_map(|row| row.since);
    let newest = features.chain(functions).chain(helpers().iter().map(|row| row.since)).max()?;
    let oldest = FEATURES.iter().map(|feature| feature.since()).min()?;
    (oldest..=newest).contains(&version).then_some(version)
}

/// The releases that bpfc carries.
pub fn bundled_names() -> String {
    let names: Vec<String> = bpfc_kernels::versions().iter().map(ToString::to_string).collect();
    names.join(", ")
}

fn usage(message: String, terminal: &mut Terminal) -> Exit {
    let help = format!(
        "bpfc carries the types of {}; `all` means these, `running` the kernel of this machine",
        bundled_names()
    );
    terminal.fail(Diagnostic::without_span(codes::btf::E0605, message).with_help(help));
    Exit::Usage
}

fn without_types(version: KernelVersion) -> Diagnostic {
    let message = format!("the types of Linux {version} are not at hand");
    Diagnostic::without_span(codes::btf::W0605, message)
        .with_note("helpers, maps, program types and instructions are checked by release; fields and functions are not")
        .with_help(format!(
            "give its BTF with `--btf`; bpfc carries that of {}",
            bundled_names()
        ))
}
