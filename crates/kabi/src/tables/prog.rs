//! Program types and attach types. Written by `cargo xtask kabi generate`; do not edit.

use crate::prog::{AttachTypeInfo, ProgTypeInfo};
use crate::version::KernelVersion;

/// A program type (`enum bpf_prog_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum ProgType {
    /// `BPF_PROG_TYPE_SOCKET_FILTER`.
    SocketFilter = 1,
    /// `BPF_PROG_TYPE_KPROBE`.
    Kprobe = 2,
    /// `BPF_PROG_TYPE_SCHED_CLS`.
    SchedCls = 3,
    /// `BPF_PROG_TYPE_SCHED_ACT`.
    SchedAct = 4,
    /// `BPF_PROG_TYPE_TRACEPOINT`.
    Tracepoint = 5,
    /// `BPF_PROG_TYPE_XDP`.
    Xdp = 6,
    /// `BPF_PROG_TYPE_PERF_EVENT`.
    PerfEvent = 7,
    /// `BPF_PROG_TYPE_CGROUP_SKB`.
    CgroupSkb = 8,
    /// `BPF_PROG_TYPE_CGROUP_SOCK`.
    CgroupSock = 9,
    /// `BPF_PROG_TYPE_LWT_IN`.
    LwtIn = 10,
    /// `BPF_PROG_TYPE_LWT_OUT`.
    LwtOut = 11,
    /// `BPF_PROG_TYPE_LWT_XMIT`.
    LwtXmit = 12,
    /// `BPF_PROG_TYPE_SOCK_OPS`.
    SockOps = 13,
    /// `BPF_PROG_TYPE_SK_SKB`.
    SkSkb = 14,
    /// `BPF_PROG_TYPE_CGROUP_DEVICE`.
    CgroupDevice = 15,
    /// `BPF_PROG_TYPE_SK_MSG`.
    SkMsg = 16,
    /// `BPF_PROG_TYPE_RAW_TRACEPOINT`.
    RawTracepoint = 17,
    /// `BPF_PROG_TYPE_CGROUP_SOCK_ADDR`.
    CgroupSockAddr = 18,
    /// `BPF_PROG_TYPE_LWT_SEG6LOCAL`.
    LwtSeg6local = 19,
    /// `BPF_PROG_TYPE_LIRC_MODE2`.
    LircMode2 = 20,
    /// `BPF_PROG_TYPE_SK_REUSEPORT`.
    SkReuseport = 21,
    /// `BPF_PROG_TYPE_FLOW_DISSECTOR`.
    FlowDissector = 22,
    /// `BPF_PROG_TYPE_CGROUP_SYSCTL`.
    CgroupSysctl = 23,
    /// `BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE`.
    RawTracepointWritable = 24,
    /// `BPF_PROG_TYPE_CGROUP_SOCKOPT`.
    CgroupSockopt = 25,
    /// `BPF_PROG_TYPE_TRACING`.
    Tracing = 26,
    /// `BPF_PROG_TYPE_STRUCT_OPS`.
    StructOps = 27,
    /// `BPF_PROG_TYPE_EXT`.
    Ext = 28,
    /// `BPF_PROG_TYPE_LSM`.
    Lsm = 29,
    /// `BPF_PROG_TYPE_SK_LOOKUP`.
    SkLookup = 30,
    /// `BPF_PROG_TYPE_SYSCALL`.
    Syscall = 31,
    /// `BPF_PROG_TYPE_NETFILTER`.
    Netfilter = 32,
}

#[rustfmt::skip]
pub(crate) static PROG_TYPES: [ProgTypeInfo; 32] = [
    ProgTypeInfo { ty: ProgType::SocketFilter, name: "BPF_PROG_TYPE_SOCKET_FILTER", since: KernelVersion::new(3, 19) },
    ProgTypeInfo { ty: ProgType::Kprobe, name: "BPF_PROG_TYPE_KPROBE", since: KernelVersion::new(4, 1) },
    ProgTypeInfo { ty: ProgType::SchedCls, name: "BPF_PROG_TYPE_SCHED_CLS", since: KernelVersion::new(4, 1) },
    ProgTypeInfo { ty: ProgType::SchedAct, name: "BPF_PROG_TYPE_SCHED_ACT", since: KernelVersion::new(4, 1) },
    ProgTypeInfo { ty: ProgType::Tracepoint, name: "BPF_PROG_TYPE_TRACEPOINT", since: KernelVersion::new(4, 7) },
    ProgTypeInfo { ty: ProgType::Xdp, name: "BPF_PROG_TYPE_XDP", since: KernelVersion::new(4, 8) },
    ProgTypeInfo { ty: ProgType::PerfEvent, name: "BPF_PROG_TYPE_PERF_EVENT", since: KernelVersion::new(4, 9) },
    ProgTypeInfo { ty: ProgType::CgroupSkb, name: "BPF_PROG_TYPE_CGROUP_SKB", since: KernelVersion::new(4, 10) },
    ProgTypeInfo { ty: ProgType::CgroupSock, name: "BPF_PROG_TYPE_CGROUP_SOCK", since: KernelVersion::new(4, 10) },
    ProgTypeInfo { ty: ProgType::LwtIn, name: "BPF_PROG_TYPE_LWT_IN", since: KernelVersion::new(4, 10) },
    ProgTypeInfo { ty: ProgType::LwtOut, name: "BPF_PROG_TYPE_LWT_OUT", since: KernelVersion::new(4, 10) },
    ProgTypeInfo { ty: ProgType::LwtXmit, name: "BPF_PROG_TYPE_LWT_XMIT", since: KernelVersion::new(4, 10) },
    ProgTypeInfo { ty: ProgType::SockOps, name: "BPF_PROG_TYPE_SOCK_OPS", since: KernelVersion::new(4, 13) },
    ProgTypeInfo { ty: ProgType::SkSkb, name: "BPF_PROG_TYPE_SK_SKB", since: KernelVersion::new(4, 14) },
    ProgTypeInfo { ty: ProgType::CgroupDevice, name: "BPF_PROG_TYPE_CGROUP_DEVICE", since: KernelVersion::new(4, 15) },
    ProgTypeInfo { ty: ProgType::SkMsg, name: "BPF_PROG_TYPE_SK_MSG", since: KernelVersion::new(4, 17) },
    ProgTypeInfo { ty: ProgType::RawTracepoint, name: "BPF_PROG_TYPE_RAW_TRACEPOINT", since: KernelVersion::new(4, 17) },
    ProgTypeInfo { ty: ProgType::CgroupSockAddr, name: "BPF_PROG_TYPE_CGROUP_SOCK_ADDR", since: KernelVersion::new(4, 17) },
    ProgTypeInfo { ty: ProgType::LwtSeg6local, name: "BPF_PROG_TYPE_LWT_SEG6LOCAL", since: KernelVersion::new(4, 18) },
    ProgTypeInfo { ty: ProgType::LircMode2, name: "BPF_PROG_TYPE_LIRC_MODE2", since: KernelVersion::new(4, 18) },
    ProgTypeInfo { ty: ProgType::SkReuseport, name: "BPF_PROG_TYPE_SK_REUSEPORT", since: KernelVersion::new(4, 19) },
    ProgTypeInfo { ty: ProgType::FlowDissector, name: "BPF_PROG_TYPE_FLOW_DISSECTOR", since: KernelVersion::new(4, 20) },
    ProgTypeInfo { ty: ProgType::CgroupSysctl, name: "BPF_PROG_TYPE_CGROUP_SYSCTL", since: KernelVersion::new(5, 2) },
    ProgTypeInfo { ty: ProgType::RawTracepointWritable, name: "BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE", since: KernelVersion::new(5, 2) },
    ProgTypeInfo { ty: ProgType::CgroupSockopt, name: "BPF_PROG_TYPE_CGROUP_SOCKOPT", since: KernelVersion::new(5, 3) },
    ProgTypeInfo { ty: ProgType::Tracing, name: "BPF_PROG_TYPE_TRACING", since: KernelVersion::new(5, 5) },
    ProgTypeInfo { ty: ProgType::StructOps, name: "BPF_PROG_TYPE_STRUCT_OPS", since: KernelVersion::new(5, 6) },
    ProgTypeInfo { ty: ProgType::Ext, name: "BPF_PROG_TYPE_EXT", since: KernelVersion::new(5, 6) },
    ProgTypeInfo { ty: ProgType::Lsm, name: "BPF_PROG_TYPE_LSM", since: KernelVersion::new(5, 7) },
    ProgTypeInfo { ty: ProgType::SkLookup, name: "BPF_PROG_TYPE_SK_LOOKUP", since: KernelVersion::new(5, 9) },
    ProgTypeInfo { ty: ProgType::Syscall, name: "BPF_PROG_TYPE_SYSCALL", since: KernelVersion::new(5, 14) },
    ProgTypeInfo { ty: ProgType::Netfilter, name: "BPF_PROG_TYPE_NETFILTER", since: KernelVersion::new(6, 4) },
];

/// An attach type (`enum bpf_attach_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum AttachType {
    /// `BPF_CGROUP_INET_INGRESS`.
    CgroupInetIngress = 0,
    /// `BPF_CGROUP_INET_EGRESS`.
    CgroupInetEgress = 1,
    /// `BPF_CGROUP_INET_SOCK_CREATE`.
    CgroupInetSockCreate = 2,
    /// `BPF_CGROUP_SOCK_OPS`.
    CgroupSockOps = 3,
    /// `BPF_SK_SKB_STREAM_PARSER`.
    SkSkbStreamParser = 4,
    /// `BPF_SK_SKB_STREAM_VERDICT`.
    SkSkbStreamVerdict = 5,
    /// `BPF_CGROUP_DEVICE`.
    CgroupDevice = 6,
    /// `BPF_SK_MSG_VERDICT`.
    SkMsgVerdict = 7,
    /// `BPF_CGROUP_INET4_BIND`.
    CgroupInet4Bind = 8,
    /// `BPF_CGROUP_INET6_BIND`.
    CgroupInet6Bind = 9,
    /// `BPF_CGROUP_INET4_CONNECT`.
    CgroupInet4Connect = 10,
    /// `BPF_CGROUP_INET6_CONNECT`.
    CgroupInet6Connect = 11,
    /// `BPF_CGROUP_INET4_POST_BIND`.
    CgroupInet4PostBind = 12,
    /// `BPF_CGROUP_INET6_POST_BIND`.
    CgroupInet6PostBind = 13,
    /// `BPF_CGROUP_UDP4_SENDMSG`.
    CgroupUdp4Sendmsg = 14,
    /// `BPF_CGROUP_UDP6_SENDMSG`.
    CgroupUdp6Sendmsg = 15,
    /// `BPF_LIRC_MODE2`.
    LircMode2 = 16,
    /// `BPF_FLOW_DISSECTOR`.
    FlowDissector = 17,
    /// `BPF_CGROUP_SYSCTL`.
    CgroupSysctl = 18,
    /// `BPF_CGROUP_UDP4_RECVMSG`.
    CgroupUdp4Recvmsg = 19,
    /// `BPF_CGROUP_UDP6_RECVMSG`.
    CgroupUdp6Recvmsg = 20,
    /// `BPF_CGROUP_GETSOCKOPT`.
    CgroupGetsockopt = 21,
    /// `BPF_CGROUP_SETSOCKOPT`.
    CgroupSetsockopt = 22,
    /// `BPF_TRACE_RAW_TP`.
    TraceRawTp = 23,
    /// `BPF_TRACE_FENTRY`.
    TraceFentry = 24,
    /// `BPF_TRACE_FEXIT`.
    TraceFexit = 25,
    /// `BPF_MODIFY_RETURN`.
    ModifyReturn = 26,
    /// `BPF_LSM_MAC`.
    LsmMac = 27,
    /// `BPF_TRACE_ITER`.
    TraceIter = 28,
    /// `BPF_CGROUP_INET4_GETPEERNAME`.
    CgroupInet4Getpeername = 29,
    /// `BPF_CGROUP_INET6_GETPEERNAME`.
    CgroupInet6Getpeername = 30,
    /// `BPF_CGROUP_INET4_GETSOCKNAME`.
    CgroupInet4Getsockname = 31,
    /// `BPF_CGROUP_INET6_GETSOCKNAME`.
    CgroupInet6Getsockname = 32,
    /// `BPF_XDP_DEVMAP`.
    XdpDevmap = 33,
    /// `BPF_CGROUP_INET_SOCK_RELEASE`.
    CgroupInetSockRelease = 34,
    /// `BPF_XDP_CPUMAP`.
    XdpCpumap = 35,
    /// `BPF_SK_LOOKUP`.
    SkLookup = 36,
    /// `BPF_XDP`.
    Xdp = 37,
    /// `BPF_SK_SKB_VERDICT`.
    SkSkbVerdict = 38,
    /// `BPF_SK_REUSEPORT_SELECT`.
    SkReuseportSelect = 39,
    /// `BPF_SK_REUSEPORT_SELECT_OR_MIGRATE`.
    SkReuseportSelectOrMigrate = 40,
    /// `BPF_PERF_EVENT`.
    PerfEvent = 41,
    /// `BPF_TRACE_KPROBE_MULTI`.
    TraceKprobeMulti = 42,
    /// `BPF_LSM_CGROUP`.
    LsmCgroup = 43,
    /// `BPF_STRUCT_OPS`.
    StructOps = 44,
    /// `BPF_NETFILTER`.
    Netfilter = 45,
    /// `BPF_TCX_INGRESS`.
    TcxIngress = 46,
    /// `BPF_TCX_EGRESS`.
    TcxEgress = 47,
    /// `BPF_TRACE_UPROBE_MULTI`.
    TraceUprobeMulti = 48,
    /// `BPF_CGROUP_UNIX_CONNECT`.
    CgroupUnixConnect = 49,
    /// `BPF_CGROUP_UNIX_SENDMSG`.
    CgroupUnixSendmsg = 50,
    /// `BPF_CGROUP_UNIX_RECVMSG`.
    CgroupUnixRecvmsg = 51,
    /// `BPF_CGROUP_UNIX_GETPEERNAME`.
    CgroupUnixGetpeername = 52,
    /// `BPF_CGROUP_UNIX_GETSOCKNAME`.
    CgroupUnixGetsockname = 53,
    /// `BPF_NETKIT_PRIMARY`.
    NetkitPrimary = 54,
    /// `BPF_NETKIT_PEER`.
    NetkitPeer = 55,
    /// `BPF_TRACE_KPROBE_SESSION`.
    TraceKprobeSession = 56,
    /// `BPF_TRACE_UPROBE_SESSION`.
    TraceUprobeSession = 57,
    /// `BPF_TRACE_FSESSION`.
    TraceFsession = 58,
    /// `BPF_TRACE_FENTRY_MULTI`.
    TraceFentryMulti = 59,
    /// `BPF_TRACE_FEXIT_MULTI`.
    TraceFexitMulti = 60,
    /// `BPF_TRACE_FSESSION_MULTI`.
    TraceFsessionMulti = 61,
}

#[rustfmt::skip]
pub(crate) static ATTACH_TYPES: [AttachTypeInfo; 62] = [
    AttachTypeInfo { ty: AttachType::CgroupInetIngress, name: "BPF_CGROUP_INET_INGRESS", since: KernelVersion::new(4, 10) },
    AttachTypeInfo { ty: AttachType::CgroupInetEgress, name: "BPF_CGROUP_INET_EGRESS", since: KernelVersion::new(4, 10) },
    AttachTypeInfo { ty: AttachType::CgroupInetSockCreate, name: "BPF_CGROUP_INET_SOCK_CREATE", since: KernelVersion::new(4, 10) },
    AttachTypeInfo { ty: AttachType::CgroupSockOps, name: "BPF_CGROUP_SOCK_OPS", since: KernelVersion::new(4, 13) },
    AttachTypeInfo { ty: AttachType::SkSkbStreamParser, name: "BPF_SK_SKB_STREAM_PARSER", since: KernelVersion::new(4, 14) },
    AttachTypeInfo { ty: AttachType::SkSkbStreamVerdict, name: "BPF_SK_SKB_STREAM_VERDICT", since: KernelVersion::new(4, 14) },
    AttachTypeInfo { ty: AttachType::CgroupDevice, name: "BPF_CGROUP_DEVICE", since: KernelVersion::new(4, 15) },
    AttachTypeInfo { ty: AttachType::SkMsgVerdict, name: "BPF_SK_MSG_VERDICT", since: KernelVersion::new(4, 17) },
    AttachTypeInfo { ty: AttachType::CgroupInet4Bind, name: "BPF_CGROUP_INET4_BIND", since: KernelVersion::new(4, 17) },
    AttachTypeInfo { ty: AttachType::CgroupInet6Bind, name: "BPF_CGROUP_INET6_BIND", since: KernelVersion::new(4, 17) },
    AttachTypeInfo { ty: AttachType::CgroupInet4Connect, name: "BPF_CGROUP_INET4_CONNECT", since: KernelVersion::new(4, 17) },
    AttachTypeInfo { ty: AttachType::CgroupInet6Connect, name: "BPF_CGROUP_INET6_CONNECT", since: KernelVersion::new(4, 17) },
    AttachTypeInfo { ty: AttachType::CgroupInet4PostBind, name: "BPF_CGROUP_INET4_POST_BIND", since: KernelVersion::new(4, 17) },
    AttachTypeInfo { ty: AttachType::CgroupInet6PostBind, name: "BPF_CGROUP_INET6_POST_BIND", since: KernelVersion::new(4, 17) },
    AttachTypeInfo { ty: AttachType::CgroupUdp4Sendmsg, name: "BPF_CGROUP_UDP4_SENDMSG", since: KernelVersion::new(4, 18) },
    AttachTypeInfo { ty: AttachType::CgroupUdp6Sendmsg, name: "BPF_CGROUP_UDP6_SENDMSG", since: KernelVersion::new(4, 18) },
    AttachTypeInfo { ty: AttachType::LircMode2, name: "BPF_LIRC_MODE2", since: KernelVersion::new(4, 18) },
    AttachTypeInfo { ty: AttachType::FlowDissector, name: "BPF_FLOW_DISSECTOR", since: KernelVersion::new(4, 20) },
    AttachTypeInfo { ty: AttachType::CgroupSysctl, name: "BPF_CGROUP_SYSCTL", since: KernelVersion::new(5, 2) },
    AttachTypeInfo { ty: AttachType::CgroupUdp4Recvmsg, name: "BPF_CGROUP_UDP4_RECVMSG", since: KernelVersion::new(5, 2) },
    AttachTypeInfo { ty: AttachType::CgroupUdp6Recvmsg, name: "BPF_CGROUP_UDP6_RECVMSG", since: KernelVersion::new(5, 2) },
    AttachTypeInfo { ty: AttachType::CgroupGetsockopt, name: "BPF_CGROUP_GETSOCKOPT", since: KernelVersion::new(5, 3) },
    AttachTypeInfo { ty: AttachType::CgroupSetsockopt, name: "BPF_CGROUP_SETSOCKOPT", since: KernelVersion::new(5, 3) },
    AttachTypeInfo { ty: AttachType::TraceRawTp, name: "BPF_TRACE_RAW_TP", since: KernelVersion::new(5, 5) },
    AttachTypeInfo { ty: AttachType::TraceFentry, name: "BPF_TRACE_FENTRY", since: KernelVersion::new(5, 5) },
    AttachTypeInfo { ty: AttachType::TraceFexit, name: "BPF_TRACE_FEXIT", since: KernelVersion::new(5, 5) },
    AttachTypeInfo { ty: AttachType::ModifyReturn, name: "BPF_MODIFY_RETURN", since: KernelVersion::new(5, 7) },
    AttachTypeInfo { ty: AttachType::LsmMac, name: "BPF_LSM_MAC", since: KernelVersion::new(5, 7) },
    AttachTypeInfo { ty: AttachType::TraceIter, name: "BPF_TRACE_ITER", since: KernelVersion::new(5, 8) },
    AttachTypeInfo { ty: AttachType::CgroupInet4Getpeername, name: "BPF_CGROUP_INET4_GETPEERNAME", since: KernelVersion::new(5, 8) },
    AttachTypeInfo { ty: AttachType::CgroupInet6Getpeername, name: "BPF_CGROUP_INET6_GETPEERNAME", since: KernelVersion::new(5, 8) },
    AttachTypeInfo { ty: AttachType::CgroupInet4Getsockname, name: "BPF_CGROUP_INET4_GETSOCKNAME", since: KernelVersion::new(5, 8) },
    AttachTypeInfo { ty: AttachType::CgroupInet6Getsockname, name: "BPF_CGROUP_INET6_GETSOCKNAME", since: KernelVersion::new(5, 8) },
    AttachTypeInfo { ty: AttachType::XdpDevmap, name: "BPF_XDP_DEVMAP", since: KernelVersion::new(5, 8) },
    AttachTypeInfo { ty: AttachType::CgroupInetSockRelease, name: "BPF_CGROUP_INET_SOCK_RELEASE", since: KernelVersion::new(5, 9) },
    AttachTypeInfo { ty: AttachType::XdpCpumap, name: "BPF_XDP_CPUMAP", since: KernelVersion::new(5, 9) },
    AttachTypeInfo { ty: AttachType::SkLookup, name: "BPF_SK_LOOKUP", since: KernelVersion::new(5, 9) },
    AttachTypeInfo { ty: AttachType::Xdp, name: "BPF_XDP", since: KernelVersion::new(5, 9) },
    AttachTypeInfo { ty: AttachType::SkSkbVerdict, name: "BPF_SK_SKB_VERDICT", since: KernelVersion::new(5, 13) },
    AttachTypeInfo { ty: AttachType::SkReuseportSelect, name: "BPF_SK_REUSEPORT_SELECT", since: KernelVersion::new(5, 14) },
    AttachTypeInfo { ty: AttachType::SkReuseportSelectOrMigrate, name: "BPF_SK_REUSEPORT_SELECT_OR_MIGRATE", since: KernelVersion::new(5, 14) },
    AttachTypeInfo { ty: AttachType::PerfEvent, name: "BPF_PERF_EVENT", since: KernelVersion::new(5, 15) },
    AttachTypeInfo { ty: AttachType::TraceKprobeMulti, name: "BPF_TRACE_KPROBE_MULTI", since: KernelVersion::new(5, 18) },
    AttachTypeInfo { ty: AttachType::LsmCgroup, name: "BPF_LSM_CGROUP", since: KernelVersion::new(6, 0) },
    AttachTypeInfo { ty: AttachType::StructOps, name: "BPF_STRUCT_OPS", since: KernelVersion::new(6, 4) },
    AttachTypeInfo { ty: AttachType::Netfilter, name: "BPF_NETFILTER", since: KernelVersion::new(6, 4) },
    AttachTypeInfo { ty: AttachType::TcxIngress, name: "BPF_TCX_INGRESS", since: KernelVersion::new(6, 6) },
    AttachTypeInfo { ty: AttachType::TcxEgress, name: "BPF_TCX_EGRESS", since: KernelVersion::new(6, 6) },
    AttachTypeInfo { ty: AttachType::TraceUprobeMulti, name: "BPF_TRACE_UPROBE_MULTI", since: KernelVersion::new(6, 6) },
    AttachTypeInfo { ty: AttachType::CgroupUnixConnect, name: "BPF_CGROUP_UNIX_CONNECT", since: KernelVersion::new(6, 7) },
    AttachTypeInfo { ty: AttachType::CgroupUnixSendmsg, name: "BPF_CGROUP_UNIX_SENDMSG", since: KernelVersion::new(6, 7) },
    AttachTypeInfo { ty: AttachType::CgroupUnixRecvmsg, name: "BPF_CGROUP_UNIX_RECVMSG", since: KernelVersion::new(6, 7) },
    AttachTypeInfo { ty: AttachType::CgroupUnixGetpeername, name: "BPF_CGROUP_UNIX_GETPEERNAME", since: KernelVersion::new(6, 7) },
    AttachTypeInfo { ty: AttachType::CgroupUnixGetsockname, name: "BPF_CGROUP_UNIX_GETSOCKNAME", since: KernelVersion::new(6, 7) },
    AttachTypeInfo { ty: AttachType::NetkitPrimary, name: "BPF_NETKIT_PRIMARY", since: KernelVersion::new(6, 7) },
    AttachTypeInfo { ty: AttachType::NetkitPeer, name: "BPF_NETKIT_PEER", since: KernelVersion::new(6, 7) },
    AttachTypeInfo { ty: AttachType::TraceKprobeSession, name: "BPF_TRACE_KPROBE_SESSION", since: KernelVersion::new(6, 10) },
    AttachTypeInfo { ty: AttachType::TraceUprobeSession, name: "BPF_TRACE_UPROBE_SESSION", since: KernelVersion::new(6, 13) },
    AttachTypeInfo { ty: AttachType::TraceFsession, name: "BPF_TRACE_FSESSION", since: KernelVersion::new(7, 0) },
    AttachTypeInfo { ty: AttachType::TraceFentryMulti, name: "BPF_TRACE_FENTRY_MULTI", since: KernelVersion::new(7, 2) },
    AttachTypeInfo { ty: AttachType::TraceFexitMulti, name: "BPF_TRACE_FEXIT_MULTI", since: KernelVersion::new(7, 2) },
    AttachTypeInfo { ty: AttachType::TraceFsessionMulti, name: "BPF_TRACE_FSESSION_MULTI", since: KernelVersion::new(7, 2) },
];
