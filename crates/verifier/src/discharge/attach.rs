//! Helpers that depend on where the program is attached, beyond its type: the `*_func_proto` functions (Linux 6.18
//! `net/core/filter.c`, `kernel/bpf/cgroup.c`, `kernel/trace/bpf_trace.c`, `kernel/bpf/bpf_lsm.c`).

use bpfc_kabi::{AttachType as A, ProgType as P};

/// Whether programs of this type may call the helper where they are attached.
pub fn allows(prog: P, attach: Option<A>, helper: &str) -> bool {
    let Some(attach) = attach else {
        return true;
    };
    match helper {
        "bpf_get_retval" | "bpf_set_retval" if prog != P::Lsm => has_retval(attach),
        "bpf_get_retval" | "bpf_set_retval" | "bpf_get_local_storage" if prog == P::Lsm => {
            attach == A::LsmCgroup
        }
        "bpf_bind" => matches!(attach, A::CgroupInet4Connect | A::CgroupInet6Connect),
        "bpf_setsockopt" | "bpf_getsockopt" => match prog {
            P::CgroupSockAddr => has_socket_options(attach),
            P::CgroupSockopt => attach == A::CgroupSetsockopt,
            P::Lsm => attach == A::LsmCgroup,
            _ => true,
        },
        "bpf_seq_printf" | "bpf_seq_write" | "bpf_seq_printf_btf" => {
            prog != P::Tracing || attach == A::TraceIter
        }
        "bpf_get_func_arg" | "bpf_get_func_ret" | "bpf_get_func_arg_cnt" => {
            prog != P::Tracing || has_trampoline(attach)
        }
        "bpf_get_attach_cookie" => {
            prog != P::Tracing || has_trampoline(attach) || attach == A::TraceRawTp
        }
        _ => true,
    }
}

/// The hook's result is not one that programs make.
fn has_retval(attach: A) -> bool {
    !matches!(
        attach,
        A::CgroupInetIngress
            | A::CgroupInetEgress
            | A::CgroupSockOps
            | A::CgroupUdp4Recvmsg
            | A::CgroupUdp6Recvmsg
            | A::CgroupUnixRecvmsg
            | A::CgroupInet4Getpeername
            | A::CgroupInet6Getpeername
            | A::CgroupUnixGetpeername
            | A::CgroupInet4Getsockname
            | A::CgroupInet6Getsockname
            | A::CgroupUnixGetsockname
    )
}

fn has_socket_options(attach: A) -> bool {
    matches!(
        attach,
        A::CgroupInet4Bind
            | A::CgroupInet6Bind
            | A::CgroupInet4Connect
            | A::CgroupInet6Connect
            | A::CgroupUnixConnect
            | A::CgroupUdp4Recvmsg
            | A::CgroupUdp6Recvmsg
            | A::CgroupUnixRecvmsg
            | A::CgroupUdp4Sendmsg
            | A::CgroupUdp6Sendmsg
            | A::CgroupUnixSendmsg
            | A::CgroupInet4Getpeername
            | A::CgroupInet6Getpeername
            | A::CgroupInet4Getsockname
            | A::CgroupInet6Getsockname
    )
}

fn has_trampoline(attach: A) -> bool {
    matches!(attach, A::TraceFentry | A::TraceFexit | A::ModifyReturn | A::TraceFsession)
}
