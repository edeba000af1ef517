//! Ways to attach, as far as they can be tried without attaching anything.

use super::programs::{SLEEPABLE, find, load, load_as, template, trivial};
use super::verdict::{Finding, Group, Needs, Prober, Verdict};
use crate::Errno;
use crate::explain::{self, of_program};
use crate::mechanism::{Mechanism as M, MechanismInfo, mechanisms};
use crate::sys::bpf::{self, ProgLoad};
use crate::sys::map::{Create, create};
use crate::sys::{ask, perf, socket};
use crate::tracefs::Tracefs;
use bpfc_btf::KindSet;
use bpfc_kabi::{AttachType, MapType, ProgType};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// `BPF_F_LINK`: a struct of operations that a link registers.
const LINK: u32 = 1 << 13;
const SOURCES: &str = "/sys/bus/event_source/devices";

/// `PERF_TYPE_HARDWARE`, whose first counter is that of cycles.
pub(super) const HARDWARE: u32 = 0;
/// `PERF_TYPE_SOFTWARE`, whose first counter is the CPU clock.
const SOFTWARE: u32 = 1;

/// Opens the first counter of a type, which never overflows while it is open.
pub(super) fn counter(ty: u32) -> Result<OwnedFd, Errno> {
    let scope = perf::Scope { pid: -1, cpu: 0 };
    perf::counter(ty, 0, perf::Rate::Period(1 << 40), scope).map_err(of_perf)
}

/// perf says `EACCES` for a lack of rights.
fn of_perf(errno: Errno) -> Errno {
    if errno == Errno::EACCES { Errno::EPERM } else { errno }
}

/// Every mechanism.
pub(super) fn probe(prober: &Prober<'_>) -> Vec<Finding> {
    let findings = mechanisms().iter().map(|row| Finding {
        group: Group::Attach,
        name: row.name.to_owned(),
        title: Some(row.title),
        verdict: verdict(prober, row),
        since: Some(row.since),
    });
    findings.collect()
}

fn needs(row: &MechanismInfo) -> Needs {
    Needs { since: Some(row.since), options: row.options, capabilities: of_program(row.prog_type) }
}

fn verdict(prober: &Prober<'_>, row: &MechanismInfo) -> Verdict {
    match row.mechanism {
        M::Kprobe => source(prober, row, "kprobe", "type"),
        M::Uprobe => source(prober, row, "uprobe", "type"),
        M::UsdtSemaphore => source(prober, row, "uprobe", "format/ref_ctr_offset"),
        M::KprobeTracefs => control_file(prober, row, "kprobe_events"),
        M::UprobeTracefs => control_file(prober, row, "uprobe_events"),
        M::Tracepoint => tracepoint(prober, row),
        M::PerfEvent => prober.judge(counter(SOFTWARE), needs(row)),
        M::RawTracepoint => raw_tracepoint(prober, row),
        M::Fentry => trampoline(prober, row, "bpf_fentry_test1"),
        M::Fsession => trampoline(prober, row, "bpf_fentry_test1"),
        M::FmodRet => trampoline(prober, row, "bpf_modify_return_test"),
        M::Lsm | M::LsmCgroup => security_hook(prober, row),
        M::Iterator => loaded(prober, row, "bpf_iter_task"),
        M::SocketFilter => socket_filter(prober, row),
        M::StructOps | M::StructOpsLink => struct_ops(prober, row),
        M::Clsact | M::Lwt => configured(prober, row),
        M::XdpNetlink | M::TypedTracepoint | M::Reuseport | M::LircMode2 | M::Freplace => {
            super::programs::probe_one(prober, row.prog_type)
        }
        _ => by_question(prober, row),
    }
}

/// Loads a program as the mechanism wants it.
fn program(prober: &Prober<'_>, row: &MechanismInfo) -> Result<OwnedFd, Errno> {
    let template = template(prober.kernel, row.prog_type);
    let expected_attach_type = match row.attach_type {
        // What is only named when the link is made.
        Some(AttachType::PerfEvent) => template.expected_attach_type,
        attach => attach.map_or(template.expected_attach_type, AttachType::number),
    };
    load_as(&ProgLoad { expected_attach_type, ..template }, &trivial(), &mut [])
}

/// Asks for something that cannot be: a kernel that knows such links says so in other words than one that does not.
fn by_question(prober: &Prober<'_>, row: &MechanismInfo) -> Verdict {
    const LOOPBACK: u32 = 1;
    const DRV_MODE: u32 = 1 << 2;
    const NOTHING: u32 = i32::MAX as u32;
    let program = match program(prober, row) {
        Ok(program) => program,
        Err(errno) => return prober.refused(errno, needs(row)),
    };
    let (fd, attach) = (program.as_fd(), row.attach_type.map_or(0, AttachType::number));
    let outcome = match row.mechanism {
        M::KprobeMulti | M::KprobeSession => {
            ask::link_to_function(fd, attach, c"bpfc_no_such_function")
        }
        M::UprobeMulti | M::UprobeSession => ask::link_to_offset(fd, attach, c"/"),
        // In the driver of the loopback interface, which has none.
        M::XdpLink => bpf::link_create(fd, LOOPBACK, attach, DRV_MODE).map(|_| ()),
        M::Tcx | M::Netkit => bpf::link_create(fd, NOTHING, attach, 0).map(|_| ()),
        M::NetfilterLink => ask::link_to_no_protocol(fd, attach),
        M::CgroupAttach | M::SockmapAttach => ask::attach_to_nothing(fd, attach),
        _ => ask::link_to_nothing(fd, attach),
    };
    match outcome {
        Ok(()) => Verdict::Yes,
        Err(Errno::EOPNOTSUPP) if row.mechanism == M::XdpLink => Verdict::Yes,
        Err(errno) if errno.is_unsupported() || errno == Errno::EPERM => {
            prober.refused(errno, needs(row))
        }
        Err(_) => Verdict::Yes,
    }
}

/// A dynamic event source of perf.
fn source(prober: &Prober<'_>, row: &MechanismInfo, name: &str, file: &str) -> Verdict {
    if Path::new(SOURCES).join(name).join(file).exists() {
        return match program(prober, row) {
            Ok(_) => Verdict::Yes,
            Err(errno) => prober.refused(errno, needs(row)),
        };
    }
    if !Path::new(SOURCES).exists() {
        return Verdict::Unknown {
            reason: format!("there is no `{SOURCES}`"),
            remedy: Some("mount sysfs: `mount -t sysfs sysfs /sys`".into()),
        };
    }
    prober.absent(needs(row), "this kernel has no such event source")
}

/// A file of tracefs that makes dynamic events.
fn control_file(prober: &Prober<'_>, row: &MechanismInfo, file: &str) -> Verdict {
    match Tracefs::open() {
        Ok(tracefs) if tracefs.join(file).exists() => Verdict::Yes,
        Ok(_) => prober.absent(needs(row), &format!("tracefs has no file `{file}`")),
        Err(error) => no_tracefs(prober, row, error.errno()),
    }
}

fn no_tracefs(prober: &Prober<'_>, row: &MechanismInfo, errno: Option<Errno>) -> Verdict {
    match errno {
        Some(errno @ Errno::EPERM) => prober.refused(errno, needs(row)),
        _ => prober.left_out(&["CONFIG_TRACING"]).unwrap_or_else(|| {
            Verdict::no("tracefs is not mounted", "mount -t tracefs tracefs /sys/kernel/tracing")
        }),
    }
}

/// Opens a tracepoint that every kernel has.
fn tracepoint(prober: &Prober<'_>, row: &MechanismInfo) -> Verdict {
    let id = Tracefs::open().and_then(|tracefs| tracefs.event_id("sched", "sched_switch"));
    match id {
        Ok(id) => prober.judge(perf::tracepoint(id).map_err(of_perf), needs(row)),
        Err(error) => no_tracefs(prober, row, error.errno()),
    }
}

/// Asks for a tracepoint that does not exist.
fn raw_tracepoint(prober: &Prober<'_>, row: &MechanismInfo) -> Verdict {
    let program = match program(prober, row) {
        Ok(program) => program,
        Err(errno) => return prober.refused(errno, needs(row)),
    };
    match bpf::raw_tracepoint_open(program.as_fd(), Some(c"bpfc_no_such_tracepoint")) {
        Ok(_) | Err(Errno::ENOENT) => Verdict::Yes,
        Err(errno) => prober.refused(errno, needs(row)),
    }
}

fn load_for(prober: &Prober<'_>, row: &MechanismInfo, target: &str) -> Result<OwnedFd, Errno> {
    let attach_btf_id = find(prober.kernel, target, KindSet::FUNC);
    let expected_attach_type = row.attach_type.map_or(0, AttachType::number);
    let template = template(prober.kernel, row.prog_type);
    let template = ProgLoad { attach_btf_id, expected_attach_type, ..template };
    load_as(&template, &trivial(), &mut [])
}

/// Without the kernel's types nothing of this kind can be loaded.
fn without_types(prober: &Prober<'_>, row: &MechanismInfo) -> Option<Verdict> {
    prober
        .kernel
        .btf()
        .is_none()
        .then(|| prober.left_out(row.options).unwrap_or_else(super::btf::no_types))
}

fn loaded(prober: &Prober<'_>, row: &MechanismInfo, target: &str) -> Verdict {
    without_types(prober, row)
        .unwrap_or_else(|| prober.judge(load_for(prober, row, target), needs(row)))
}

/// Really attaches, to a function that the kernel has for tests and never calls otherwise: the code of the machine may
/// lack what the verifier takes for granted.
fn trampoline(prober: &Prober<'_>, row: &MechanismInfo, target: &str) -> Verdict {
    if let Some(verdict) = without_types(prober, row) {
        return verdict;
    }
    match load_for(prober, row, target) {
        Ok(program) => prober.judge(bpf::raw_tracepoint_open(program.as_fd(), None), needs(row)),
        Err(errno) => prober.refused(errno, needs(row)),
    }
}

/// Hooks can be attached to without the security module `bpf`, but never run then.
fn security_hook(prober: &Prober<'_>, row: &MechanismInfo) -> Verdict {
    match loaded(prober, row, "bpf_lsm_file_open") {
        Verdict::Yes => match explain::inactive_hooks(prober.facts()) {
            None => Verdict::Yes,
            Some(found) => Verdict::No {
                reason: found.reason.unwrap_or_default(),
                remedy: found.helps.into_iter().next(),
            },
        },
        verdict => verdict,
    }
}

fn socket_filter(prober: &Prober<'_>, row: &MechanismInfo) -> Verdict {
    let outcome =
        load(prober.kernel, ProgType::SocketFilter, &trivial(), &mut []).and_then(|program| {
            let (one, _other) =
                std::os::unix::net::UnixDatagram::pair().map_err(|error| Errno::from(&error))?;
            socket::attach_filter(one.as_fd(), program.as_fd())
        });
    prober.judge(outcome, needs(row))
}

/// Type 1 is no struct of operations, but a kernel that knows such says so of that, not of the flag.
fn struct_ops(prober: &Prober<'_>, row: &MechanismInfo) -> Verdict {
    let outcome = create(&Create {
        map_type: MapType::StructOps.number(),
        key_size_bytes: 4,
        value_size_bytes: 4,
        max_entries: 1,
        flags: if row.mechanism == M::StructOpsLink { LINK } else { 0 },
        vmlinux_value_type: 1,
        ..Create::default()
    });
    match outcome {
        Err(Errno::ENOTSUPP) => Verdict::Yes,
        outcome => prober.judge(outcome, needs(row)),
    }
}

/// What only shows when it is done, on a real interface or route: the configuration says it.
fn configured(prober: &Prober<'_>, row: &MechanismInfo) -> Verdict {
    match super::programs::probe_one(prober, row.prog_type) {
        Verdict::Yes => {}
        verdict => return verdict,
    }
    match prober.left_out(row.options) {
        Some(verdict) => verdict,
        None if prober.kernel.config().is_some() => Verdict::Yes,
        None => Verdict::unknown("the kernel's configuration is not to be found"),
    }
}

/// Whether a program of a type may be told to sleep.
pub(super) fn sleepable(prober: &Prober<'_>, ty: ProgType) -> Result<OwnedFd, Errno> {
    let template = template(prober.kernel, ty);
    let attach_btf_id = match ty {
        ProgType::Lsm => find(prober.kernel, "bpf_lsm_bpf", KindSet::FUNC),
        _ => template.attach_btf_id,
    };
    let flags = template.flags | SLEEPABLE;
    load_as(&ProgLoad { flags, attach_btf_id, ..template }, &trivial(), &mut [])
}
