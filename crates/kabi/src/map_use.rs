//! Which helper takes which type of map.
//!
//! Source: `check_map_func_compatibility`, `kernel/bpf/verifier.c` (6.12).

use crate::helper::Helper;
use crate::map::MapType as M;
use crate::prog::ProgType as P;

/// Whether a program of type `prog` may pass a map of type `map` to `helper`.
///
/// The kernel asks both sides: some map types go to few helpers, some helpers take few map types.
pub fn helper_takes_map(helper: &Helper, map: M, prog: P) -> bool {
    let name = helper.name.strip_prefix("bpf_").unwrap_or(helper.name);
    map_goes_to(map, name, prog) && helper_wants(name, map)
}

fn map_goes_to(map: M, helper: &str, prog: P) -> bool {
    match map {
        M::ProgArray => helper == "tail_call",
        M::PerfEventArray => matches!(
            helper,
            "perf_event_read"
                | "perf_event_output"
                | "skb_output"
                | "perf_event_read_value"
                | "xdp_output"
        ),
        M::Ringbuf => matches!(
            helper,
            "ringbuf_output"
                | "ringbuf_reserve"
                | "ringbuf_query"
                | "ringbuf_reserve_dynptr"
                | "ringbuf_submit_dynptr"
                | "ringbuf_discard_dynptr"
        ),
        M::UserRingbuf => helper == "user_ringbuf_drain",
        M::StackTrace => helper == "get_stackid",
        M::CgroupArray => matches!(helper, "skb_under_cgroup" | "current_task_under_cgroup"),
        M::CgroupStorage | M::PercpuCgroupStorage => helper == "get_local_storage",
        M::Devmap | M::DevmapHash | M::Xskmap => {
            matches!(helper, "redirect_map" | "map_lookup_elem")
        }
        M::Cpumap => helper == "redirect_map",
        M::ArrayOfMaps | M::HashOfMaps => helper == "map_lookup_elem",
        M::Sockmap => {
            matches!(
                helper,
                "sk_redirect_map"
                    | "sock_map_update"
                    | "msg_redirect_map"
                    | "sk_select_reuseport"
                    | "map_lookup_elem"
            ) || may_update_sockmap(helper, prog)
        }
        M::Sockhash => {
            matches!(
                helper,
                "sk_redirect_hash"
                    | "sock_hash_update"
                    | "msg_redirect_hash"
                    | "sk_select_reuseport"
                    | "map_lookup_elem"
            ) || may_update_sockmap(helper, prog)
        }
        M::ReuseportSockarray => helper == "sk_select_reuseport",
        M::Queue | M::Stack => matches!(helper, "map_peek_elem" | "map_pop_elem" | "map_push_elem"),
        M::SkStorage => matches!(helper, "sk_storage_get" | "sk_storage_delete" | "kptr_xchg"),
        M::InodeStorage => {
            matches!(helper, "inode_storage_get" | "inode_storage_delete" | "kptr_xchg")
        }
        M::TaskStorage => {
            matches!(helper, "task_storage_get" | "task_storage_delete" | "kptr_xchg")
        }
        M::CgrpStorage => {
            matches!(helper, "cgrp_storage_get" | "cgrp_storage_delete" | "kptr_xchg")
        }
        M::BloomFilter => matches!(helper, "map_peek_elem" | "map_push_elem"),
        _ => true,
    }
}

fn helper_wants(helper: &str, map: M) -> bool {
    match helper {
        "tail_call" => map == M::ProgArray,
        "perf_event_read"
        | "perf_event_output"
        | "perf_event_read_value"
        | "skb_output"
        | "xdp_output" => map == M::PerfEventArray,
        "ringbuf_output"
        | "ringbuf_reserve"
        | "ringbuf_query"
        | "ringbuf_reserve_dynptr"
        | "ringbuf_submit_dynptr"
        | "ringbuf_discard_dynptr" => map == M::Ringbuf,
        "user_ringbuf_drain" => map == M::UserRingbuf,
        "get_stackid" => map == M::StackTrace,
        "current_task_under_cgroup" | "skb_under_cgroup" => map == M::CgroupArray,
        "redirect_map" => matches!(map, M::Devmap | M::DevmapHash | M::Cpumap | M::Xskmap),
        "sk_redirect_map" | "msg_redirect_map" | "sock_map_update" => map == M::Sockmap,
        "sk_redirect_hash" | "msg_redirect_hash" | "sock_hash_update" => map == M::Sockhash,
        "get_local_storage" => matches!(map, M::CgroupStorage | M::PercpuCgroupStorage),
        "sk_select_reuseport" => matches!(map, M::ReuseportSockarray | M::Sockmap | M::Sockhash),
        "map_pop_elem" => matches!(map, M::Queue | M::Stack),
        "map_peek_elem" | "map_push_elem" => matches!(map, M::Queue | M::Stack | M::BloomFilter),
        "map_lookup_percpu_elem" => {
            matches!(map, M::PercpuArray | M::PercpuHash | M::LruPercpuHash)
        }
        "sk_storage_get" | "sk_storage_delete" => map == M::SkStorage,
        "inode_storage_get" | "inode_storage_delete" => map == M::InodeStorage,
        "task_storage_get" | "task_storage_delete" => map == M::TaskStorage,
        "cgrp_storage_get" | "cgrp_storage_delete" => map == M::CgrpStorage,
        _ => true,
    }
}

/// `may_update_sockmap`, `kernel/bpf/verifier.c` (6.12). Of tracing programs only iterators may.
fn may_update_sockmap(helper: &str, prog: P) -> bool {
    match helper {
        "map_update_elem" | "map_delete_elem" => match prog {
            P::Tracing
            | P::SocketFilter
            | P::SchedCls
            | P::SchedAct
            | P::Xdp
            | P::SkReuseport
            | P::FlowDissector
            | P::SkLookup => true,
            P::SockOps => helper == "map_delete_elem",
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::helper::helper;

    #[test]
    fn both_sides_decide() {
        let takes = |name: &str, map| helper_takes_map(helper(name).unwrap(), map, P::Xdp);
        assert!(takes("bpf_map_lookup_elem", M::Hash) && takes("bpf_map_lookup_elem", M::Xskmap));
        assert!(
            !takes("bpf_map_lookup_elem", M::Ringbuf)
                && !takes("bpf_map_lookup_elem", M::PerfEventArray)
        );
        assert!(takes("bpf_ringbuf_output", M::Ringbuf) && !takes("bpf_ringbuf_output", M::Hash));
        assert!(takes("bpf_redirect_map", M::Cpumap) && !takes("bpf_redirect_map", M::Array));
        assert!(takes("bpf_map_update_elem", M::Sockmap));
        assert!(!helper_takes_map(helper("bpf_map_update_elem").unwrap(), M::Sockmap, P::Kprobe));
    }
}
