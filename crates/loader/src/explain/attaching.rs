//! Failed attachments, by mechanism and error number.

use super::rights::{self, Act};
use super::{Explanation, built_without, too_old};
use crate::Errno;
use crate::kernel::Kernel;
use crate::mechanism::Mechanism as M;
use crate::probe::facts::{Capability, Facts};

/// Explains why a program is not attached this way.
pub(super) fn explain(mechanism: M, errno: Errno, facts: &Facts, kernel: &Kernel) -> Explanation {
    if let Some(explanation) = known_case(mechanism, errno, facts) {
        return explanation;
    }
    if errno.is_unsupported() || errno == Errno::ENODEV || errno == Errno::ENOENT {
        let info = mechanism.info();
        let absent =
            too_old(info.title, info.since, kernel).or_else(|| left_out(mechanism, kernel));
        if let Some(explanation) = absent {
            return explanation;
        }
    }
    match errno {
        Errno::EPERM | Errno::EACCES => denied(mechanism, facts),
        _ => Explanation::default(),
    }
}

fn denied(mechanism: M, facts: &Facts) -> Explanation {
    let mut needs = mechanism.info().needs.to_vec();
    needs.insert(0, Capability::Bpf);
    let act = if needs.contains(&Capability::Perfmon) { Act::Watch } else { Act::Attach };
    rights::denied(act, &needs, facts)
}

/// The option without which the kernel does not have the mechanism.
pub(super) fn left_out(mechanism: M, kernel: &Kernel) -> Option<Explanation> {
    mechanism.info().options.iter().find_map(|option| built_without(option, kernel))
}

/// Answers that mean something of their own.
fn known_case(mechanism: M, errno: Errno, facts: &Facts) -> Option<Explanation> {
    let busy = matches!(errno, Errno::EBUSY | Errno::EEXIST);
    let explanation = match (mechanism, errno) {
        (M::XdpLink | M::XdpNetlink, _) if busy => {
            Explanation::because("another XDP program is attached there, and only one can be")
                .with_help("`bpftool net` shows it; `ip link set dev IFACE xdp off` removes one that no link holds")
                .with_help("several programs at an interface: attach to tcx, or tail-call between them")
        }
        (M::XdpLink | M::XdpNetlink, Errno::EOPNOTSUPP) => {
            Explanation::because(
                "the driver of the interface does not support native XDP; `xdp:IFACE:generic` always works",
            )
        }
        (M::XdpLink | M::XdpNetlink | M::Tcx | M::Netkit | M::Clsact, Errno::ENODEV) => {
            Explanation::because("there is no such interface any more")
        }
        (M::CgroupLink | M::CgroupAttach, Errno::EPERM) if facts.has(Capability::NetAdmin) => {
            // `hierarchy_allows_attach`, `kernel/bpf/cgroup.c` (6.12).
            Explanation::because("a cgroup above has a program of this kind that allows no others below")
                .with_help("detach that one: `bpftool cgroup tree` shows it")
        }
        (M::CgroupLink | M::CgroupAttach, Errno::E2BIG) => {
            Explanation::because("64 programs of this kind are attached there, which is the most")
        }
        (M::CgroupLink | M::CgroupAttach, Errno(libc::EBADF)) => {
            Explanation::because("it is no folder of a cgroup v2 file system")
                .with_help("cgroup v2 is usually at `/sys/fs/cgroup` or `/sys/fs/cgroup/unified`")
        }
        (M::FlowDissector | M::SkLookup, _) if busy => {
            Explanation::because("another program is attached to this network namespace")
        }
        (M::NetfilterLink, Errno::EBUSY) => {
            Explanation::because("another hook has this priority").with_help("choose another one")
        }
        (M::Kprobe | M::KprobeTracefs, Errno::EINVAL) => Explanation::because(
            "the function may not be probed, or not there (`/sys/kernel/debug/kprobes/blacklist`)",
        )
        .with_help("probe the function that calls it, or use fentry"),
        (M::Kprobe | M::KprobeTracefs, Errno(libc::EILSEQ)) => {
            Explanation::because("the offset is in the middle of an instruction")
        }
        (M::Kprobe | M::KprobeTracefs, Errno(libc::EADDRNOTAVAIL)) => {
            Explanation::because("there are several functions of this name")
        }
        (M::Kprobe | M::KprobeTracefs | M::KprobeMulti | M::KprobeSession, Errno::ENOENT | Errno(libc::ESRCH)) => {
            Explanation::because("the function does not exist, was inlined everywhere, or cannot be traced")
                .with_help("functions that can be traced are in `/sys/kernel/tracing/available_filter_functions`")
        }
        (M::Fentry | M::Fsession | M::FmodRet, Errno::EBUSY) => Explanation::because(
            "something else has changed the entry of this function, such as a live patch or a kprobe",
        ),
        (M::Fentry | M::Fsession | M::FmodRet, Errno::E2BIG) => {
            Explanation::because("too many programs are attached to this function: 38 is the most")
        }
        (M::Fentry | M::Fsession | M::FmodRet | M::Lsm | M::StructOps, Errno::ENOTSUPP) => {
            Explanation::because("the kernel makes no trampolines on this machine, or its JIT is off")
                .with_help("turn it on: `sysctl net.core.bpf_jit_enable=1`")
        }
        (M::Tracepoint, Errno::EACCES) => {
            Explanation::because("the program reads more of its context than this event has")
        }
        (M::Tracepoint | M::Uprobe | M::PerfEvent, Errno::EEXIST) => {
            Explanation::because("a program is attached to this event already")
        }
        (_, Errno::E2BIG) if is_perf(mechanism) => {
            Explanation::because("64 programs are attached to this event, which is the most")
        }
        (M::PerfEvent, Errno::ENOENT | Errno::EOPNOTSUPP) => {
            Explanation::because("this machine does not have that event")
                .with_help("virtual machines often count no hardware events: sample the CPU clock, `perf_event:99`")
        }
        (M::SocketFilter, Errno::ENOMEM) => {
            Explanation::because("the socket may not hold so large a program")
                .with_help("raise `sysctl net.core.optmem_max`")
        }
        (M::StructOps | M::StructOpsLink, _) if busy => {
            Explanation::because("one of this name is registered already")
        }
        (M::Freplace, Errno::EBUSY | Errno::EEXIST) => {
            Explanation::because("the function has been replaced already")
        }
        (M::Uprobe | M::UprobeMulti, Errno(libc::EIO | libc::ENOEXEC)) | (M::Uprobe, Errno::EINVAL) => {
            Explanation::because("there is no instruction that can be probed at that place of the file")
        }
        _ => return None,
    };
    Some(explanation)
}

fn is_perf(mechanism: M) -> bool {
    matches!(mechanism, M::Kprobe | M::Uprobe | M::Tracepoint | M::PerfEvent | M::PerfLink)
}
