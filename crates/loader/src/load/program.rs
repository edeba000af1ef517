//! `BPF_PROG_LOAD`: first without the verifier's log, which costs time, and once more with it if
//! the kernel refuses.

use super::kind::ProgKind;
use super::types::KernelTypes;
use crate::attach::trampoline_obstacle;
use crate::explain;
use crate::kernel::Kernel;
use crate::log::{Failure, rejection};
use crate::program::Program;
use crate::sys::attr::object_name;
use crate::sys::bpf::{FuncInfo, LineInfo, ProgLoad, prog_load};
use crate::sys::ids;
use crate::{Errno, LoadError, limits};
use bpfc_btf::KindSet;
use bpfc_isa::SlotMap;
use bpfc_kabi::{AttachType, ProgType};
use bpfc_object::{Linked, Object};
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};

/// First size of a log, and the most.
const LOG_BYTES: usize = 64 << 10;
const MAX_LOG_BYTES: usize = 16 << 20;
/// `log_level`: the instructions up to the failing one; those of all paths, also of programs that
/// are accepted; statistics.
const LEVEL_INSNS: u32 = 1;
const LEVEL_ALL: u32 = 2;
const LEVEL_STATS: u32 = 4;

/// How much the verifier shall tell of programs that it accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// Nothing.
    #[default]
    None,
    /// How many instructions it looked at.
    Stats,
    /// Every instruction with what it knows of registers.
    Full,
}

/// One program about to be loaded.
pub(crate) struct Request<'a> {
    pub object: &'a Object,
    pub linked: &'a Linked,
    pub kind: &'a ProgKind,
    pub bytes: &'a [u8],
    pub poisoned: &'a [(u32, String)],
    pub log: LogLevel,
    pub prog_flags: u32,
    /// Of a struct of operations: the kernel's struct, and the member.
    pub operation: Option<(u32, u32)>,
}

/// Loads a program.
pub(super) fn load(
    request: &Request<'_>,
    types: &mut KernelTypes,
    kernel: &Kernel,
) -> Result<Program, LoadError> {
    let (linked, kind) = (request.linked, request.kind);
    let slots = SlotMap::new(&linked.plain_insns());
    let func_info = func_info(request.object, linked, &slots, types);
    let line_info = line_info(linked, &slots, types);
    let license = request.object.license.clone().unwrap_or_default();
    let license = CString::new(license).unwrap_or_default();
    let target = btf_target(request, kernel)?;
    let expected = kind.attach_type.map_or(0, AttachType::number);
    let expected = request.operation.map_or(expected, |(_, member)| member);
    let base = ProgLoad {
        prog_type: kind.prog_type.number(),
        name: object_name(&linked.name),
        insns: request.bytes,
        license: Some(&license),
        kernel_version: request.object.kernel_version.unwrap_or_else(|| version_for(kind, kernel)),
        flags: kind.flags() | request.prog_flags,
        expected_attach_type: expected,
        btf: types.fd.as_ref().map(AsFd::as_fd),
        func_info: &func_info,
        line_info: &line_info,
        attach_btf_id: target.id,
        attach_btf: target.holder.as_ref().map(AsFd::as_fd),
    };
    let base = without_types_if_incomplete(base);
    let attempt = match request.log {
        LogLevel::None => load_once(&base, kind).map(|fd| (fd, String::new())),
        LogLevel::Stats => load_logged(&base, LEVEL_STATS).map_err(|(errno, _)| errno),
        LogLevel::Full => load_logged(&base, LEVEL_ALL | LEVEL_STATS).map_err(|(errno, _)| errno),
    };
    match attempt {
        Ok((fd, log)) => Ok(Program::new(fd, request, log)),
        Err(errno) => match load_logged(&base, LEVEL_INSNS) {
            // The reason has gone meanwhile, for instance a lack of memory.
            Ok((fd, log)) => Ok(Program::new(fd, request, log)),
            Err((again, log)) => Err(failure(request, kernel, (errno, again), log)),
        },
    }
}

fn failure(
    request: &Request<'_>,
    kernel: &Kernel,
    (first, errno): (Errno, Errno),
    log: String,
) -> LoadError {
    let program_span = request.object.functions[request.linked.func].span;
    // Statistics alone are no reason.
    let has_reason =
        log.lines().any(|line| !line.trim().is_empty() && !line.starts_with("processed "));
    if has_reason && errno != Errno::EPERM {
        let failure = Failure {
            linked: request.linked,
            errno,
            log,
            program_span,
            poisoned: request.poisoned,
        };
        return LoadError::Rejected(Box::new(rejection(failure)));
    }
    // A log that does not fit says nothing of the program itself.
    let errno = if errno == Errno::ENOSPC { first } else { errno };
    let mut explanation = explain::loading(request.kind, errno, kernel);
    explanation.reason = explanation.reason.or_else(|| obstacle(request.kind, kernel));
    LoadError::Program {
        program: request.linked.name.clone(),
        errno,
        reason: explanation.reason,
        helps: explanation.helps,
        span: program_span,
    }
}

/// Why this kernel takes no such program, where its configuration says it.
fn obstacle(kind: &ProgKind, kernel: &Kernel) -> Option<String> {
    let is_trampoline = matches!(
        kind.attach_type,
        Some(AttachType::TraceFentry | AttachType::TraceFexit | AttachType::ModifyReturn)
            | Some(AttachType::TraceFsession | AttachType::LsmMac | AttachType::LsmCgroup)
    );
    let is_off = |option| kernel.config_value(option) == Some("n");
    if kind.prog_type == ProgType::Lsm && is_off("CONFIG_BPF_LSM") {
        return Some("this kernel is built without CONFIG_BPF_LSM".into());
    }
    is_trampoline.then(|| {
        trampoline_obstacle(kernel).unwrap_or_else(|| {
            "this kernel lets nobody, or not this user, change what its functions do".into()
        })
    })
}

/// Loads without a log, and again without what an old kernel does not know.
fn load_once(load: &ProgLoad<'_>, kind: &ProgKind) -> Result<OwnedFd, Errno> {
    let outcome = match prog_load(load, 0, &mut []) {
        Err(Errno::EPERM) if limits::raise_locked_memory() => prog_load(load, 0, &mut []),
        outcome => outcome,
    };
    match outcome {
        Err(Errno::EINVAL | Errno::E2BIG) if kind.is_attach_optional => {
            let expected_attach_type = 0;
            let load = ProgLoad { expected_attach_type, ..*load };
            prog_load(&load, 0, &mut [])
        }
        // Names, types and lines came with 4.15, 4.18 and 5.0.
        Err(Errno::E2BIG) => {
            let bare = ProgLoad {
                name: Default::default(),
                btf: None,
                func_info: &[],
                line_info: &[],
                expected_attach_type: 0,
                ..*load
            };
            prog_load(&bare, 0, &mut [])
        }
        outcome => outcome,
    }
}

/// Loads with a log that grows until the kernel's text fits, up to a limit.
fn load_logged(load: &ProgLoad<'_>, level: u32) -> Result<(OwnedFd, String), (Errno, String)> {
    let mut n_bytes = LOG_BYTES;
    loop {
        let mut log = vec![0; n_bytes];
        let outcome = prog_load(load, level, &mut log);
        // Since 6.4 a log that does not fit keeps its end, before that its beginning; both fail
        // with ENOSPC.
        if matches!(outcome, Err(Errno::ENOSPC)) && n_bytes < MAX_LOG_BYTES {
            n_bytes *= 4;
            continue;
        }
        let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
        let text = String::from_utf8_lossy(&log[..end]).into_owned();
        return match outcome {
            Ok(fd) => Ok((fd, text)),
            Err(errno) => Err((errno, text)),
        };
    }
}

/// Types, functions and lines go together: all or none.
fn without_types_if_incomplete(load: ProgLoad<'_>) -> ProgLoad<'_> {
    let is_complete = load.btf.is_some() && !load.func_info.is_empty();
    match (load.btf.is_some(), is_complete) {
        (_, true) => load,
        (_, false) => ProgLoad { func_info: &[], line_info: &[], ..load },
    }
}

/// `LINUX_VERSION_CODE`, which kprobe programs needed until 5.0.
fn version_for(kind: &ProgKind, kernel: &Kernel) -> u32 {
    match kind.prog_type {
        ProgType::Kprobe => kernel.version_code(),
        _ => 0,
    }
}

/// One record for each function, or none: the kernel wants all of them.
fn func_info(
    object: &Object,
    linked: &Linked,
    slots: &SlotMap,
    types: &KernelTypes,
) -> Vec<FuncInfo> {
    if !types.has_functions {
        return Vec::new();
    }
    let records = linked.subprogs.iter().map(|subprog| {
        Some(FuncInfo {
            insn_off: slots.slot(subprog.start)?,
            type_id: object.functions[subprog.func].btf?.0,
        })
    });
    records.collect::<Option<_>>().unwrap_or_default()
}

/// One record where the line changes, and at the start of each function, or none.
fn line_info(linked: &Linked, slots: &SlotMap, types: &mut KernelTypes) -> Vec<LineInfo> {
    let starts_with_line =
        |subprog: &bpfc_object::Subprog| linked.insns[subprog.start as usize].line.is_some();
    if types.fd.is_none() || !linked.subprogs.iter().all(starts_with_line) {
        return Vec::new();
    }
    let is_start = |insn_idx: u32| {
        let found = linked.subprogs.binary_search_by_key(&insn_idx, |subprog| subprog.start);
        found.is_ok()
    };
    let mut records: Vec<LineInfo> = Vec::new();
    let mut previous = None;
    for (insn_idx, insn) in (0..).zip(&linked.insns) {
        let Some(line) = &insn.line else { continue };
        if previous == Some(line) && !is_start(insn_idx) {
            continue;
        }
        previous = Some(line);
        records.push(LineInfo {
            insn_off: slots.slot(insn_idx).expect("an instruction of the program"),
            file_name_off: types.string(&line.file).0,
            line_off: types.string(&line.text).0,
            line_col: line.line.min(0x003f_ffff) << 10 | line.column.min(0x3ff),
        });
    }
    records
}

/// What a program is loaded for, in the kernel's types or a module's.
#[derive(Default)]
struct BtfTarget {
    id: u32,
    /// The types of a module, or the program whose function is replaced.
    holder: Option<OwnedFd>,
}

/// Finds what a program is loaded for: a function, hook, typed tracepoint or iterator. A module may
/// be named in front: `fentry/nf_nat:nf_nat_packet`.
fn btf_target(request: &Request<'_>, kernel: &Kernel) -> Result<BtfTarget, LoadError> {
    let kind = request.kind;
    if let Some((id, _)) = request.operation {
        return Ok(BtfTarget { id, holder: None });
    }
    if kind.prog_type == ProgType::StructOps {
        return Err(LoadError::Unsupported {
            subject: format!("program `{}`", request.linked.name),
            what: "no struct in `.struct_ops` or `.struct_ops.link` names it".into(),
            span: request.object.functions[request.linked.func].span,
        });
    }
    if !kind.is_btf_target {
        return Ok(BtfTarget::default());
    }
    let span = request.object.functions[request.linked.func].span;
    let subject = format!("program `{}`", request.linked.name);
    if kind.prog_type == ProgType::Ext {
        let (holder, id) = super::replaced::find(&kind.target, &request.linked.name, span)?;
        return Ok(BtfTarget { id, holder: Some(holder) });
    }
    let (prefix, kinds) = match kind.attach_type {
        Some(AttachType::TraceRawTp) => ("btf_trace_", KindSet::TYPEDEF),
        Some(AttachType::TraceIter) => ("bpf_iter_", KindSet::FUNC),
        Some(AttachType::LsmMac | AttachType::LsmCgroup) => ("bpf_lsm_", KindSet::FUNC),
        _ => ("", KindSet::FUNC),
    };
    let Some(btf) = kernel.btf() else {
        return Err(LoadError::Missing {
            needed: subject,
            feature: "BTF of the kernel (`CONFIG_DEBUG_INFO_BTF`)".into(),
            span,
        });
    };
    let (module, target) = match kind.target.split_once(':') {
        Some((module, target)) => (Some(module), target),
        None => (None, kind.target.as_str()),
    };
    let name = format!("{prefix}{target}");
    let is_kernel = module.is_none_or(|module| module == "vmlinux");
    if let Some(id) = btf.find_by_name(&name, kinds).filter(|_| is_kernel) {
        return Ok(BtfTarget { id: id.0, holder: None });
    }
    for (found, btf) in kernel.modules() {
        if module.is_some_and(|module| module != found) {
            continue;
        }
        // What the kernel has is below what the module adds.
        let own = btf.find_by_name(&name, kinds);
        if let Some(id) = own.filter(|id| kernel.btf().is_none_or(|base| id.0 >= base.end_id())) {
            let fd = ids::module_btf(found).map_err(|errno| LoadError::System {
                operation: "open",
                subject: format!("the types of module `{found}`"),
                errno,
            })?;
            return Ok(BtfTarget { id: id.0, holder: Some(fd) });
        }
    }
    Err(no_btf_target(kind, kernel, prefix, kinds))
}

fn no_btf_target(kind: &ProgKind, kernel: &Kernel, prefix: &str, kinds: KindSet) -> LoadError {
    let target = kind.target.rsplit(':').next().unwrap_or_default();
    let names = kernel.btf().map(|btf| {
        let of_kind = btf.ids().filter(|id| btf.kind(*id).is_some_and(|kind| kinds.contains(kind)));
        let names = of_kind.filter_map(|id| btf.name(id).strip_prefix(prefix));
        bpfc_base::similar::most_similar(target, names).map(str::to_owned)
    });
    LoadError::NoTarget {
        kind: match prefix {
            "btf_trace_" => "tracepoint",
            "bpf_lsm_" => "security hook",
            "bpf_iter_" => "iterator",
            _ => "kernel function",
        },
        name: kind.target.clone(),
        candidate: names.flatten(),
    }
}
