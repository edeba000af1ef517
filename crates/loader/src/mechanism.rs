//! The kernel's interfaces for attaching programs, as a table: what each needs and since when it exists. Probing walks
//! it, explanations look into it.
//!
//! Versions and options: `link_create` and `bpf_prog_attach` (`kernel/bpf/syscall.c`), the `Kconfig` of each subsystem
//! (6.12), and the release notes of the kernels named.

use crate::load::kind::ProgKind;
use crate::probe::facts::Capability;
use bpfc_kabi::{AttachType, KernelVersion, ProgType};

/// An interface of the kernel by which programs are attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Mechanism {
    /// A perf event of the source `kprobe`.
    Kprobe,
    /// A line in tracefs' `kprobe_events`.
    KprobeTracefs,
    /// A link to many kernel functions.
    KprobeMulti,
    /// The same, at entry and return with a common cookie.
    KprobeSession,
    /// A perf event of the source `uprobe`.
    Uprobe,
    /// A line in tracefs' `uprobe_events`.
    UprobeTracefs,
    /// A link to many places of a file.
    UprobeMulti,
    /// The same, at entry and return.
    UprobeSession,
    /// A user probe with a semaphore, as many USDT probes have.
    UsdtSemaphore,
    /// A perf event of a tracepoint.
    Tracepoint,
    /// `BPF_RAW_TRACEPOINT_OPEN`.
    RawTracepoint,
    /// A tracepoint with typed arguments (`tp_btf`).
    TypedTracepoint,
    /// A trampoline before or after a function.
    Fentry,
    /// A trampoline at both ends (`fsession`).
    Fsession,
    /// A trampoline that changes what a function returns.
    FmodRet,
    /// A security hook.
    Lsm,
    /// A security hook for the processes of a cgroup.
    LsmCgroup,
    /// An iterator over objects of the kernel.
    Iterator,
    /// A perf event: samples, counters.
    PerfEvent,
    /// A link to a perf event, and with it cookies.
    PerfLink,
    /// A program of an interface, by netlink.
    XdpNetlink,
    /// A program of an interface, by link.
    XdpLink,
    /// A filter at `clsact`, by netlink.
    Clsact,
    /// Several programs at an interface, by link.
    Tcx,
    /// A program in a netkit device.
    Netkit,
    /// `BPF_PROG_ATTACH` to a cgroup.
    CgroupAttach,
    /// A link to a cgroup.
    CgroupLink,
    /// `SO_ATTACH_BPF`.
    SocketFilter,
    /// `SO_ATTACH_REUSEPORT_EBPF`.
    Reuseport,
    /// `BPF_PROG_ATTACH` to a sockmap.
    SockmapAttach,
    /// A link to a sockmap.
    SockmapLink,
    /// A flow dissector of a network namespace.
    FlowDissector,
    /// A lookup of sockets in a network namespace.
    SkLookup,
    /// A link to a netfilter hook.
    NetfilterLink,
    /// A route, by netlink.
    Lwt,
    /// Registering by a map update.
    StructOps,
    /// A link to a struct of operations.
    StructOpsLink,
    /// Replacing a function of another program.
    Freplace,
    /// A decoder of an infrared device.
    LircMode2,
}

/// What is known of a mechanism.
#[derive(Clone, Copy, Debug)]
pub struct MechanismInfo {
    /// Which.
    pub mechanism: Mechanism,
    /// A short name, as `bpfc features --has` takes it.
    pub name: &'static str,
    /// For people, in the plural.
    pub title: &'static str,
    /// The release that brought it.
    pub since: KernelVersion,
    /// The options of the configuration that it needs, beside BPF itself.
    pub options: &'static [&'static str],
    /// A type of program that is attached this way.
    pub prog_type: ProgType,
    /// With this `expected_attach_type`.
    pub attach_type: Option<AttachType>,
    /// The rights that attaching needs, beside those of loading.
    pub needs: &'static [Capability],
}

const fn row(
    mechanism: Mechanism,
    name: &'static str,
    title: &'static str,
    since: (u16, u16),
    options: &'static [&'static str],
    (prog_type, attach_type): (ProgType, Option<AttachType>),
    needs: &'static [Capability],
) -> MechanismInfo {
    let since = KernelVersion::new(since.0, since.1);
    MechanismInfo { mechanism, name, title, since, options, prog_type, attach_type, needs }
}

use AttachType as A;
use Capability::{NetAdmin, NetRaw, Perfmon, SysAdmin};
use Mechanism as M;
use ProgType as P;

const TRACING: &[Capability] = &[Perfmon];
const NETWORK: &[Capability] = &[NetAdmin];
const TRAMPOLINE: &[&str] = &[
    "CONFIG_BPF_JIT",
    "CONFIG_DEBUG_INFO_BTF",
    "CONFIG_FUNCTION_TRACER",
    "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS",
];

#[rustfmt::skip]
static MECHANISMS: [MechanismInfo; 39] = [
    row(M::Kprobe, "kprobe", "kprobes as perf events", (4, 17), &["CONFIG_KPROBE_EVENTS"], (P::Kprobe, None), TRACING),
    row(M::KprobeTracefs, "kprobe.tracefs", "kprobes by tracefs", (4, 1), &["CONFIG_KPROBE_EVENTS"], (P::Kprobe, None), &[Perfmon, SysAdmin]),
    row(M::KprobeMulti, "kprobe.multi", "kprobe.multi links", (5, 18), &["CONFIG_FPROBE"], (P::Kprobe, Some(A::TraceKprobeMulti)), TRACING),
    row(M::KprobeSession, "kprobe.session", "kprobe.session links", (6, 10), &["CONFIG_FPROBE"], (P::Kprobe, Some(A::TraceKprobeSession)), TRACING),
    row(M::Uprobe, "uprobe", "uprobes as perf events", (4, 17), &["CONFIG_UPROBE_EVENTS"], (P::Kprobe, None), TRACING),
    row(M::UprobeTracefs, "uprobe.tracefs", "uprobes by tracefs", (4, 3), &["CONFIG_UPROBE_EVENTS"], (P::Kprobe, None), &[Perfmon, SysAdmin]),
    row(M::UprobeMulti, "uprobe.multi", "uprobe.multi links", (6, 6), &["CONFIG_UPROBES"], (P::Kprobe, Some(A::TraceUprobeMulti)), TRACING),
    row(M::UprobeSession, "uprobe.session", "uprobe.session links", (6, 13), &["CONFIG_UPROBES"], (P::Kprobe, Some(A::TraceUprobeSession)), TRACING),
    row(M::UsdtSemaphore, "usdt.semaphore", "semaphores of USDT probes", (4, 20), &["CONFIG_UPROBE_EVENTS"], (P::Kprobe, None), TRACING),
    row(M::Tracepoint, "tracepoint", "tracepoints", (4, 7), &["CONFIG_BPF_EVENTS"], (P::Tracepoint, None), TRACING),
    row(M::RawTracepoint, "raw_tracepoint", "raw tracepoints", (4, 17), &["CONFIG_BPF_EVENTS"], (P::RawTracepoint, None), TRACING),
    row(M::TypedTracepoint, "tp_btf", "typed tracepoints", (5, 5), &["CONFIG_BPF_EVENTS", "CONFIG_DEBUG_INFO_BTF"], (P::Tracing, Some(A::TraceRawTp)), TRACING),
    row(M::Fentry, "fentry", "fentry and fexit", (5, 5), TRAMPOLINE, (P::Tracing, Some(A::TraceFentry)), TRACING),
    row(M::Fsession, "fsession", "fsession", (7, 0), TRAMPOLINE, (P::Tracing, Some(A::TraceFsession)), TRACING),
    row(M::FmodRet, "fmod_ret", "fmod_ret", (5, 7), TRAMPOLINE, (P::Tracing, Some(A::ModifyReturn)), TRACING),
    row(M::Lsm, "lsm", "security hooks", (5, 7), &["CONFIG_BPF_LSM", "CONFIG_FUNCTION_TRACER"], (P::Lsm, Some(A::LsmMac)), TRACING),
    row(M::LsmCgroup, "lsm_cgroup", "security hooks of cgroups", (6, 0), &["CONFIG_BPF_LSM", "CONFIG_CGROUP_BPF"], (P::Lsm, Some(A::LsmCgroup)), TRACING),
    row(M::Iterator, "iter", "iterators", (5, 8), &["CONFIG_DEBUG_INFO_BTF"], (P::Tracing, Some(A::TraceIter)), TRACING),
    row(M::PerfEvent, "perf_event", "perf events", (4, 9), &["CONFIG_PERF_EVENTS", "CONFIG_BPF_EVENTS"], (P::PerfEvent, None), TRACING),
    row(M::PerfLink, "perf_link", "perf event links and cookies", (5, 15), &["CONFIG_PERF_EVENTS"], (P::PerfEvent, Some(A::PerfEvent)), TRACING),
    row(M::XdpNetlink, "xdp.netlink", "XDP by netlink", (4, 8), &["CONFIG_NET"], (P::Xdp, None), NETWORK),
    row(M::XdpLink, "xdp", "XDP links", (5, 9), &["CONFIG_NET"], (P::Xdp, Some(A::Xdp)), NETWORK),
    row(M::Clsact, "clsact", "tc filters at clsact", (4, 5), &["CONFIG_NET_CLS_BPF", "CONFIG_NET_SCH_INGRESS"], (P::SchedCls, None), NETWORK),
    row(M::Tcx, "tcx", "tcx links", (6, 6), &["CONFIG_NET_XGRESS"], (P::SchedCls, Some(A::TcxIngress)), NETWORK),
    row(M::Netkit, "netkit", "netkit links", (6, 7), &["CONFIG_NETKIT"], (P::SchedCls, Some(A::NetkitPrimary)), NETWORK),
    row(M::CgroupAttach, "cgroup.attach", "programs of cgroups", (4, 10), &["CONFIG_CGROUP_BPF"], (P::CgroupSkb, Some(A::CgroupInetIngress)), NETWORK),
    row(M::CgroupLink, "cgroup", "cgroup links", (5, 7), &["CONFIG_CGROUP_BPF"], (P::CgroupSkb, Some(A::CgroupInetIngress)), NETWORK),
    row(M::SocketFilter, "socket", "socket filters", (3, 19), &["CONFIG_NET"], (P::SocketFilter, None), &[NetRaw]),
    row(M::Reuseport, "sk_reuseport", "selection among sockets of a port", (4, 19), &["CONFIG_INET"], (P::SkReuseport, Some(A::SkReuseportSelect)), &[]),
    row(M::SockmapAttach, "sockmap.attach", "programs of sockmaps", (4, 14), &["CONFIG_BPF_STREAM_PARSER"], (P::SkSkb, Some(A::SkSkbVerdict)), NETWORK),
    row(M::SockmapLink, "sockmap", "sockmap links", (6, 10), &["CONFIG_BPF_STREAM_PARSER"], (P::SkSkb, Some(A::SkSkbVerdict)), NETWORK),
    row(M::FlowDissector, "flow_dissector", "flow dissectors", (4, 20), &["CONFIG_NET"], (P::FlowDissector, Some(A::FlowDissector)), NETWORK),
    row(M::SkLookup, "sk_lookup", "lookups of sockets", (5, 9), &["CONFIG_INET"], (P::SkLookup, Some(A::SkLookup)), NETWORK),
    row(M::NetfilterLink, "netfilter", "netfilter links", (6, 4), &["CONFIG_NETFILTER_BPF_LINK"], (P::Netfilter, Some(A::Netfilter)), NETWORK),
    row(M::Lwt, "lwt", "routes with programs", (4, 10), &["CONFIG_LWTUNNEL_BPF"], (P::LwtIn, None), NETWORK),
    row(M::StructOps, "struct_ops", "structs of operations", (5, 6), &["CONFIG_BPF_JIT", "CONFIG_DEBUG_INFO_BTF"], (P::StructOps, None), TRACING),
    row(M::StructOpsLink, "struct_ops.link", "links to structs of operations", (6, 4), &["CONFIG_BPF_JIT", "CONFIG_DEBUG_INFO_BTF"], (P::StructOps, None), TRACING),
    row(M::Freplace, "freplace", "replaced functions of programs", (5, 6), &["CONFIG_BPF_JIT", "CONFIG_DEBUG_INFO_BTF"], (P::Ext, None), &[Perfmon, NetAdmin]),
    row(M::LircMode2, "lirc_mode2", "infrared decoders", (4, 18), &["CONFIG_BPF_LIRC_MODE2"], (P::LircMode2, Some(A::LircMode2)), NETWORK),
];

/// All mechanisms, tracing first.
pub fn mechanisms() -> &'static [MechanismInfo] {
    &MECHANISMS
}

impl Mechanism {
    /// Its row.
    pub fn info(self) -> &'static MechanismInfo {
        &MECHANISMS[self as usize]
    }

    /// The one by which a program of this kind is usually attached; none for programs that are run otherwise
    /// (`syscall`) or put into maps.
    pub fn of(kind: &ProgKind) -> Option<Mechanism> {
        let is_user = kind.section.starts_with('u');
        Some(match (kind.prog_type, kind.attach_type) {
            (P::Kprobe, Some(A::TraceKprobeMulti)) => M::KprobeMulti,
            (P::Kprobe, Some(A::TraceKprobeSession)) => M::KprobeSession,
            (P::Kprobe, Some(A::TraceUprobeMulti)) => M::UprobeMulti,
            (P::Kprobe, Some(A::TraceUprobeSession)) => M::UprobeSession,
            (P::Kprobe, _) if is_user => M::Uprobe,
            (P::Kprobe, _) => M::Kprobe,
            (P::Tracepoint, _) => M::Tracepoint,
            (P::RawTracepoint | P::RawTracepointWritable, _) => M::RawTracepoint,
            (P::Tracing, Some(A::TraceRawTp)) => M::TypedTracepoint,
            (P::Tracing, Some(A::TraceIter)) => M::Iterator,
            (P::Tracing, Some(A::ModifyReturn)) => M::FmodRet,
            (P::Tracing, Some(A::TraceFsession)) => M::Fsession,
            (P::Tracing, _) => M::Fentry,
            (P::Lsm, Some(A::LsmCgroup)) => M::LsmCgroup,
            (P::Lsm, _) => M::Lsm,
            (P::PerfEvent, _) => M::PerfEvent,
            (P::Xdp, Some(A::XdpDevmap | A::XdpCpumap)) => return None,
            (P::Xdp, _) => M::XdpLink,
            (P::SchedCls, Some(A::NetkitPrimary | A::NetkitPeer)) => M::Netkit,
            (P::SchedCls, Some(A::TcxIngress | A::TcxEgress)) => M::Tcx,
            (P::SchedCls | P::SchedAct, _) => M::Clsact,
            (
                P::CgroupSkb
                | P::CgroupSock
                | P::CgroupSockAddr
                | P::CgroupSockopt
                | P::CgroupSysctl
                | P::CgroupDevice
                | P::SockOps,
                _,
            ) => M::CgroupLink,
            (P::SocketFilter, _) => M::SocketFilter,
            (P::SkReuseport, _) => M::Reuseport,
            (P::SkSkb | P::SkMsg, _) => M::SockmapLink,
            (P::FlowDissector, _) => M::FlowDissector,
            (P::SkLookup, _) => M::SkLookup,
            (P::Netfilter, _) => M::NetfilterLink,
            (P::LwtIn | P::LwtOut | P::LwtXmit | P::LwtSeg6local, _) => M::Lwt,
            (P::StructOps, _) => M::StructOps,
            (P::Ext, _) => M::Freplace,
            (P::LircMode2, _) => M::LircMode2,
            (P::Syscall, _) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_the_order_of_the_enum() {
        for (row, number) in MECHANISMS.iter().zip(0..) {
            assert_eq!(row.mechanism as usize, number, "{}", row.name);
        }
        assert_eq!(Mechanism::LircMode2 as usize + 1, MECHANISMS.len());
    }

    #[test]
    fn every_section_has_its_mechanism() {
        for section in bpfc_kabi::sections() {
            let kind = ProgKind {
                attach_type: section.attach,
                section: section.name,
                ..ProgKind::new(section.prog)
            };
            let found = Mechanism::of(&kind);
            let has_none = section.prog == ProgType::Syscall || section.name.ends_with("map");
            assert_eq!(found.is_none(), has_none, "{}", section.name);
        }
    }
}
