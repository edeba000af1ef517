//! What a program may return.
//!
//! Source: `check_return_code`, `kernel/bpf/verifier.c` (6.12), and `bpf_lsm_get_retval_range`, `kernel/bpf/bpf_lsm.c`.

use crate::prog::{AttachType as A, ProgType as P};

/// The values that the verifier allows in `r0` at the end of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitRule {
    /// Any number.
    Any,
    /// A number from the first to the second.
    Range(i64, i64),
    /// 0 or a negative error number (`-4095..=0`), unless the hook returns `void` (any value) or `bool` (0 or 1).
    /// Enforced since 6.12.
    LsmHook,
    /// 0 or 1 where the hook returns a number, 1 where it returns `void`.
    LsmCgroupHook,
}

/// The smallest value under [`ExitRule::LsmHook`]: `-MAX_ERRNO`, `include/linux/err.h`.
pub const LSM_MIN_RETURN: i64 = -4095;

/// Hooks under [`ExitRule::LsmHook`] that return `bool` (`bool_lsm_hooks`, `kernel/bpf/bpf_lsm.c`, 6.12).
pub const LSM_BOOL_HOOKS: [&str; 3] =
    ["audit_rule_known", "inode_xattr_skipcap", "xfrm_state_pol_flow_match"];

/// What a program of this type and expected attach type may return.
pub fn exit_rule(prog: P, attach: Option<A>) -> ExitRule {
    match prog {
        P::CgroupSockAddr => match attach {
            Some(
                A::CgroupUdp4Recvmsg
                | A::CgroupUdp6Recvmsg
                | A::CgroupUnixRecvmsg
                | A::CgroupInet4Getpeername
                | A::CgroupInet6Getpeername
                | A::CgroupUnixGetpeername
                | A::CgroupInet4Getsockname
                | A::CgroupInet6Getsockname
                | A::CgroupUnixGetsockname,
            ) => ExitRule::Range(1, 1),
            Some(A::CgroupInet4Bind | A::CgroupInet6Bind) => ExitRule::Range(0, 3),
            _ => ExitRule::Range(0, 1),
        },
        P::CgroupSkb if attach == Some(A::CgroupInetEgress) => ExitRule::Range(0, 3),
        P::CgroupSkb
        | P::CgroupSock
        | P::SockOps
        | P::CgroupDevice
        | P::CgroupSysctl
        | P::CgroupSockopt
        | P::SkLookup
        | P::Netfilter => ExitRule::Range(0, 1),
        P::Tracing => match attach {
            Some(A::TraceFentry | A::TraceFexit) => ExitRule::Range(0, 0),
            Some(A::TraceIter) => ExitRule::Range(0, 1),
            _ => ExitRule::Any,
        },
        P::Kprobe if matches!(attach, Some(A::TraceKprobeSession | A::TraceUprobeSession)) => {
            ExitRule::Range(0, 1)
        }
        P::Lsm if attach == Some(A::LsmCgroup) => ExitRule::LsmCgroupHook,
        P::Lsm => ExitRule::LsmHook,
        _ => ExitRule::Any,
    }
}
