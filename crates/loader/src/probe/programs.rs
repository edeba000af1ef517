//! Program types, test runs, and the programs with which everything else is tried.

use super::verdict::{Finding, Group, Needs, Prober, Verdict};
use crate::Errno;
use crate::explain::of_program;
use crate::kernel::Kernel;
use crate::mechanism::mechanisms;
use crate::sys::bpf::{self, ProgLoad, TestRun, prog_load};
use bpfc_btf::{KindSet, TypeId};
use bpfc_isa::{Endian, Insn, encode_program};
use bpfc_kabi::{AttachType, Feature, ProgType, prog_types, sections};
use std::os::fd::{AsFd, OwnedFd};

/// `BPF_F_SLEEPABLE`.
pub(super) const SLEEPABLE: u32 = 1 << 4;
/// Enough for what the verifier says of a handful of instructions.
const LOG_BYTES: usize = 4 << 10;

/// The short name of a type: `xdp` of `BPF_PROG_TYPE_XDP`.
pub(super) fn short_name(name: &str) -> String {
    let name = name.strip_prefix("BPF_PROG_TYPE_").or(name.strip_prefix("BPF_MAP_TYPE_"));
    name.unwrap_or_default().to_ascii_lowercase()
}

/// What the kernel wants to know of a program of some type, without its instructions.
pub(super) fn template(kernel: &Kernel, ty: ProgType) -> ProgLoad<'static> {
    let mut section = sections().iter().filter(|section| section.prog == ty);
    let attach = section.find_map(|section| section.attach);
    let attach = match ty {
        ProgType::Tracing => Some(AttachType::TraceRawTp),
        ProgType::Lsm => Some(AttachType::LsmMac),
        ProgType::Kprobe | ProgType::SchedCls | ProgType::Xdp | ProgType::StructOps => None,
        _ => attach,
    };
    ProgLoad {
        prog_type: ty.number(),
        license: Some(c"GPL"),
        kernel_version: kernel.version_code(),
        flags: if ty == ProgType::Syscall { SLEEPABLE } else { 0 },
        expected_attach_type: attach.map_or(0, AttachType::number),
        attach_btf_id: match ty {
            ProgType::Tracing => find(kernel, "btf_trace_sched_switch", KindSet::TYPEDEF),
            ProgType::Lsm => find(kernel, "bpf_lsm_file_open", KindSet::FUNC),
            ProgType::StructOps => find(kernel, "tcp_congestion_ops", KindSet::STRUCT),
            // No function: what replaces programs must say of which.
            ProgType::Ext => 1,
            _ => 0,
        },
        ..ProgLoad::default()
    }
}

/// The id of a kernel type; 0 if there is none.
pub(super) fn find(kernel: &Kernel, name: &str, kinds: KindSet) -> u32 {
    let found = kernel.btf().and_then(|btf| btf.find_by_name(name, kinds));
    found.map_or(0, |TypeId(id)| id)
}

/// Loads a program of some type under the GPL, with what the kernel wants to know of such.
pub(super) fn load(
    kernel: &Kernel,
    ty: ProgType,
    insns: &[Insn],
    log: &mut [u8],
) -> Result<OwnedFd, Errno> {
    load_as(&template(kernel, ty), insns, log)
}

/// Loads instructions as the template says.
pub(super) fn load_as(
    template: &ProgLoad<'_>,
    insns: &[Insn],
    log: &mut [u8],
) -> Result<OwnedFd, Errno> {
    let bytes = encode_program(insns, Endian::NATIVE);
    prog_load(&ProgLoad { insns: &bytes, ..*template }, 1, log)
}

/// `r0 = 0; exit`
pub(super) fn trivial() -> Vec<Insn> {
    bpfc_isa::assemble("r0 = 0\nexit", &()).map_or_else(|_| Vec::new(), |assembly| assembly.insns)
}

/// What the verifier wrote.
pub(super) fn text(log: &[u8]) -> String {
    let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
    String::from_utf8_lossy(&log[..end]).into_owned()
}

/// What a program type needs.
pub(super) fn needs(ty: ProgType) -> Needs {
    let options = match ty {
        ProgType::Lsm => &["CONFIG_BPF_LSM"],
        ProgType::LircMode2 => &["CONFIG_BPF_LIRC_MODE2"],
        ProgType::Netfilter => &["CONFIG_NETFILTER_BPF_LINK"],
        ProgType::LwtSeg6local => &["CONFIG_IPV6_SEG6_BPF"],
        ProgType::CgroupSkb
        | ProgType::CgroupSock
        | ProgType::CgroupSockAddr
        | ProgType::CgroupSockopt
        | ProgType::CgroupSysctl
        | ProgType::CgroupDevice => &["CONFIG_CGROUP_BPF"],
        _ => {
            let row = mechanisms().iter().find(|row| row.prog_type == ty);
            row.map_or(&[] as &[&str], |row| row.options)
        }
    };
    Needs { since: Some(ty.since()), options, capabilities: of_program(ty) }
}

/// Loads `r0 = 0; exit` as each type.
pub(super) fn probe(prober: &Prober<'_>) -> Vec<Finding> {
    let findings = prog_types().iter().map(|row| Finding {
        group: Group::Program,
        name: short_name(row.name),
        title: None,
        verdict: probe_one(prober, row.ty),
        since: Some(row.since),
    });
    findings.collect()
}

/// Loads `r0 = 0; exit` as one type.
pub(super) fn probe_one(prober: &Prober<'_>, ty: ProgType) -> Verdict {
    let mut log = vec![0; LOG_BYTES];
    match load(prober.kernel, ty, &trivial(), &mut log) {
        Ok(_) => Verdict::Yes,
        // The verifier looked at it, so it knows the type; it wants more than this program has.
        Err(errno) if errno.is_unsupported() && !text(&log).trim().is_empty() => Verdict::Yes,
        Err(Errno::ENOTSUPP) if ty == ProgType::StructOps => Verdict::Yes,
        Err(errno) => prober.refused(errno, needs(ty)),
    }
}

/// Asks to run a program of each type: one that cannot be run so answers `ENOTSUPP`
/// (`bpf_prog_test_run`, `kernel/bpf/syscall.c`, 6.12).
pub(super) fn test_runs(prober: &Prober<'_>) -> Vec<Finding> {
    let findings = prog_types().iter().map(|row| Finding {
        group: Group::TestRun,
        name: short_name(row.name),
        title: None,
        verdict: test_run(prober, row.ty),
        since: None,
    });
    findings.collect()
}

fn test_run(prober: &Prober<'_>, ty: ProgType) -> Verdict {
    let program = match load(prober.kernel, ty, &trivial(), &mut []) {
        Ok(program) => program,
        Err(errno @ (Errno::EPERM | Errno(libc::ENOSYS))) => {
            return prober.refused(errno, needs(ty));
        }
        Err(_) => return Verdict::unknown("no simple program of this type can be loaded"),
    };
    let (outcome, _) = bpf::test_run(program.as_fd(), &mut TestRun::default());
    match outcome {
        Err(Errno::ENOTSUPP | Errno::EOPNOTSUPP) => {
            Verdict::no("programs of this type run only when their event happens", None)
        }
        Err(errno @ (Errno::EPERM | Errno(libc::ENOSYS))) => prober.refused(errno, needs(ty)),
        Err(Errno::EINVAL)
            if Feature::TestRun.since()
                > prober.kernel.version().unwrap_or(Feature::TestRun.since()) =>
        {
            prober.absent(Needs { since: Some(Feature::TestRun.since()), ..Needs::default() }, "")
        }
        _ => Verdict::Yes,
    }
}

/// A short name for words: lower case, with `_` for what is neither letter nor digit.
pub(super) fn short_slug(words: &str) -> String {
    let plain = words
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '_' });
    plain.collect()
}
