//! Who may read and write which field.

use super::{AccessOp, Context, ContextKind, CtxFault, CtxField, layout};
use crate::prog::{AttachType as A, ProgType as P};

/// `MAX_BPF_FUNC_ARGS`, `include/linux/bpf.h`.
pub(super) const MAX_BTF_ARGS: u32 = 12;

/// `PERF_MAX_TRACE_SIZE`, `include/linux/trace_events.h`.
const MAX_TRACEPOINT_BYTES: u32 = 8192;

/// Fields of `struct __sk_buff` from `family` to `local_port`.
const SOCKET_FIELDS: [&str; 7] =
    ["family", "remote_ip4", "local_ip4", "remote_ip6", "local_ip6", "remote_port", "local_port"];

/// The context of a program type.
pub fn context_of(prog: P) -> ContextKind {
    let context: &'static Context = match prog {
        P::SocketFilter
        | P::SchedCls
        | P::SchedAct
        | P::CgroupSkb
        | P::LwtIn
        | P::LwtOut
        | P::LwtXmit
        | P::LwtSeg6local
        | P::SkSkb
        | P::FlowDissector => &layout::SK_BUFF,
        P::Xdp => &layout::XDP_MD,
        P::CgroupSock => &layout::SOCK,
        P::CgroupSockAddr => &layout::SOCK_ADDR,
        P::SockOps => &layout::SOCK_OPS,
        P::SkMsg => &layout::SK_MSG_MD,
        P::SkReuseport => &layout::SK_REUSEPORT_MD,
        P::SkLookup => &layout::SK_LOOKUP,
        P::CgroupDevice => &layout::CGROUP_DEV_CTX,
        P::CgroupSysctl => &layout::SYSCTL,
        P::CgroupSockopt => &layout::SOCKOPT,
        P::Kprobe => &layout::PT_REGS,
        P::PerfEvent => &layout::PERF_EVENT_DATA,
        P::RawTracepoint | P::RawTracepointWritable => &layout::RAW_TRACEPOINT_ARGS,
        P::Netfilter => &layout::NF_CTX,
        P::Tracepoint => {
            return ContextKind::Bytes {
                start: 8,
                end: MAX_TRACEPOINT_BYTES,
                is_writable: false,
                is_word: false,
            };
        }
        P::Syscall => {
            return ContextKind::Bytes { start: 0, end: 0xffff, is_writable: true, is_word: false };
        }
        P::LircMode2 => {
            return ContextKind::Bytes { start: 0, end: 4, is_writable: false, is_word: true };
        }
        P::Tracing | P::Lsm | P::StructOps | P::Ext => return ContextKind::Btf,
    };
    ContextKind::Struct(context)
}

/// Whether `prog` may read, and write, the field at all.
pub(super) fn check_field(
    prog: P,
    attach: Option<A>,
    field: &'static CtxField,
    op: AccessOp,
) -> Result<(), CtxFault> {
    if !may_read(prog, attach, field.name) {
        return Err(CtxFault::Denied(field));
    }
    if op == AccessOp::Write && !may_write(prog, attach, field.name) {
        return Err(CtxFault::ReadOnly(field));
    }
    Ok(())
}

fn may_read(prog: P, attach: Option<A>, name: &str) -> bool {
    let is_socket_field = SOCKET_FIELDS.contains(&name);
    match prog {
        P::SchedCls | P::SchedAct => !is_socket_field && name != "flow_keys",
        P::SocketFilter => {
            let denied =
                ["tc_classid", "data", "data_meta", "data_end", "tstamp", "wire_len", "hwtstamp"];
            !is_socket_field && !denied.contains(&name) && !is_tc_only(name)
        }
        P::CgroupSkb => {
            !["tc_classid", "data_meta", "wire_len"].contains(&name) && !is_tc_only(name)
        }
        P::LwtIn | P::LwtOut | P::LwtXmit | P::LwtSeg6local => {
            let denied = ["tc_classid", "data_meta", "tstamp", "wire_len", "hwtstamp"];
            !is_socket_field && !denied.contains(&name) && !is_tc_only(name)
        }
        P::SkSkb => {
            let denied = ["tc_classid", "data_meta", "tstamp", "wire_len", "hwtstamp", "mark"];
            !denied.contains(&name) && !is_tc_only(name)
        }
        P::FlowDissector => ["data", "data_end", "flow_keys"].contains(&name),
        P::Xdp => name != "egress_ifindex" || attach == Some(A::XdpDevmap),
        P::CgroupSock => may_read_cgroup_sock(attach, name),
        P::CgroupSockAddr => may_read_sock_addr(attach, name),
        P::CgroupSockopt => name != "retval" || attach == Some(A::CgroupGetsockopt),
        _ => true,
    }
}

/// Fields of `struct __sk_buff` that other program types than tc and the flow dissector never see.
fn is_tc_only(name: &str) -> bool {
    matches!(name, "tstamp_type" | "flow_keys")
}

/// `__sock_filter_check_attach_type`, `net/core/filter.c` (6.12). Attach type 2 (create) is the default.
fn may_read_cgroup_sock(attach: Option<A>, name: &str) -> bool {
    let attach = attach.unwrap_or(A::CgroupInetSockCreate);
    match name {
        "bound_dev_if" | "mark" | "priority" => {
            matches!(attach, A::CgroupInetSockCreate | A::CgroupInetSockRelease)
        }
        "src_ip4" => attach == A::CgroupInet4PostBind,
        "src_ip6" => attach == A::CgroupInet6PostBind,
        "src_port" => matches!(attach, A::CgroupInet4PostBind | A::CgroupInet6PostBind),
        _ => true,
    }
}

/// `sock_addr_is_valid_access`, `net/core/filter.c` (6.12): no address of another family.
fn may_read_sock_addr(attach: Option<A>, name: &str) -> bool {
    let Some(attach) = attach else {
        return !matches!(name, "user_ip4" | "user_ip6" | "msg_src_ip4" | "msg_src_ip6");
    };
    match name {
        "user_ip4" => matches!(
            attach,
            A::CgroupInet4Bind
                | A::CgroupInet4Connect
                | A::CgroupInet4Getpeername
                | A::CgroupInet4Getsockname
                | A::CgroupUdp4Sendmsg
                | A::CgroupUdp4Recvmsg
        ),
        "user_ip6" => matches!(
            attach,
            A::CgroupInet6Bind
                | A::CgroupInet6Connect
                | A::CgroupInet6Getpeername
                | A::CgroupInet6Getsockname
                | A::CgroupUdp6Sendmsg
                | A::CgroupUdp6Recvmsg
        ),
        "msg_src_ip4" => attach == A::CgroupUdp4Sendmsg,
        "msg_src_ip6" => attach == A::CgroupUdp6Sendmsg,
        _ => true,
    }
}

fn may_write(prog: P, attach: Option<A>, name: &str) -> bool {
    match prog {
        P::SchedCls | P::SchedAct => {
            ["mark", "tc_index", "priority", "tc_classid", "cb", "tstamp", "queue_mapping"]
                .contains(&name)
        }
        P::SocketFilter => name == "cb",
        P::CgroupSkb => ["mark", "priority", "cb", "tstamp"].contains(&name),
        P::LwtIn | P::LwtOut | P::LwtXmit | P::LwtSeg6local => {
            ["mark", "priority", "cb"].contains(&name)
        }
        P::SkSkb => ["tc_index", "priority"].contains(&name),
        P::CgroupSock => ["bound_dev_if", "mark", "priority"].contains(&name),
        P::CgroupSockAddr => {
            ["user_ip4", "user_ip6", "user_port", "msg_src_ip4", "msg_src_ip6"].contains(&name)
        }
        P::SockOps => ["reply", "sk_txhash"].contains(&name),
        P::CgroupSysctl => name == "file_pos",
        P::CgroupSockopt => match name {
            "retval" => attach == Some(A::CgroupGetsockopt),
            "optname" | "level" => attach == Some(A::CgroupSetsockopt),
            _ => name == "optlen",
        },
        _ => false,
    }
}
