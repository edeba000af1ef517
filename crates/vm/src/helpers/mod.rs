//! Helpers: what programs call by number, with the results that the kernel gives.
//!
//! A helper gets the machine and the five argument registers and gives `r0`, or a fault where the
//! kernel's verifier would have refused the argument. Facts about the world come from
//! [`Environment`](crate::Environment); where the world is missing (routes, sockets, stacks) a
//! helper answers as the kernel does when it finds nothing. Helpers that are in no table here end
//! the run with a fault that names them, unless the user mocks them. `docs/vm-helpers.md` lists all; `BLESS=1` and the test
//! below write it.

mod checksum;
mod dynptr;
mod facts;
pub(crate) mod format;
mod maps;
mod marks;
mod memory;
mod output;
mod redirect;
mod room;
mod skb;
mod storage;
mod text;
mod xdp;

use crate::engine::Callbacks;
use crate::fault::{FaultKind, Trap};
use crate::machine::Machine;
use bpfc_kabi::helper_by_id;

/// Number of `bpf_tail_call`, which engines do themselves.
pub(crate) const TAIL_CALL: u32 = 12;

/// `r1` to `r5`.
type Args = [u64; 5];
/// What most helpers are.
type Handler = fn(&mut Machine, Args) -> Result<u64, Trap>;
/// Helpers that call back.
type CallbackHandler = fn(&mut Machine, Args, &mut dyn Callbacks) -> Result<u64, Trap>;

/// Declares a table from the number and name of a helper to its handler.
macro_rules! table {
    ($find:ident, $names:ident, $handler:ty, $($id:literal $name:literal => $path:expr,)*) => {
        fn $find(id: u32) -> Option<$handler> {
            Some(match id {
                $($id => $path,)*
                _ => return None,
            })
        }

        #[cfg(test)]
        const $names: &[(u32, &str, &str)] = &[$(($id, $name, stringify!($path))),*];
    };
}

table! { handler, NAMES, Handler,
    1 "bpf_map_lookup_elem" => maps::lookup,
    2 "bpf_map_update_elem" => maps::update,
    3 "bpf_map_delete_elem" => maps::delete,
    4 "bpf_probe_read" => memory::probe_read,
    5 "bpf_ktime_get_ns" => facts::ktime,
    6 "bpf_trace_printk" => text::trace_printk,
    7 "bpf_get_prandom_u32" => facts::random,
    8 "bpf_get_smp_processor_id" => facts::cpu,
    9 "bpf_skb_store_bytes" => skb::store_bytes,
    10 "bpf_l3_csum_replace" => checksum::l3_replace,
    11 "bpf_l4_csum_replace" => checksum::l4_replace,
    13 "bpf_clone_redirect" => redirect::clone_redirect,
    14 "bpf_get_current_pid_tgid" => facts::pid_tgid,
    15 "bpf_get_current_uid_gid" => facts::uid_gid,
    16 "bpf_get_current_comm" => facts::comm,
    17 "bpf_get_cgroup_classid" => facts::zero,
    18 "bpf_skb_vlan_push" => room::vlan_push,
    19 "bpf_skb_vlan_pop" => room::vlan_pop,
    20 "bpf_skb_get_tunnel_key" => facts::clear_2_invalid,
    22 "bpf_perf_event_read" => facts::not_found,
    23 "bpf_redirect" => redirect::redirect,
    24 "bpf_get_route_realm" => facts::zero,
    25 "bpf_perf_event_output" => output::perf_event,
    26 "bpf_skb_load_bytes" => skb::load_bytes,
    27 "bpf_get_stackid" => facts::fault,
    28 "bpf_csum_diff" => checksum::diff,
    29 "bpf_skb_get_tunnel_opt" => facts::clear_2_not_found,
    31 "bpf_skb_change_proto" => room::change_proto,
    32 "bpf_skb_change_type" => skb::change_type,
    33 "bpf_skb_under_cgroup" => facts::not_found,
    34 "bpf_get_hash_recalc" => skb::hash_recalc,
    35 "bpf_get_current_task" => facts::task,
    36 "bpf_probe_write_user" => memory::probe_write_user,
    37 "bpf_current_task_under_cgroup" => marks::task_under_cgroup,
    38 "bpf_skb_change_tail" => room::change_tail,
    39 "bpf_skb_pull_data" => skb::pull_data,
    40 "bpf_csum_update" => facts::not_supported,
    41 "bpf_set_hash_invalid" => skb::set_hash_invalid,
    42 "bpf_get_numa_node_id" => facts::numa_node,
    43 "bpf_skb_change_head" => room::change_head,
    44 "bpf_xdp_adjust_head" => xdp::adjust_head,
    45 "bpf_probe_read_str" => memory::probe_read_str,
    46 "bpf_get_socket_cookie" => facts::zero,
    47 "bpf_get_socket_uid" => facts::overflow_uid,
    48 "bpf_set_hash" => skb::set_hash,
    50 "bpf_skb_adjust_room" => room::adjust_room,
    51 "bpf_redirect_map" => redirect::redirect_map,
    52 "bpf_sk_redirect_map" => facts::zero,
    54 "bpf_xdp_adjust_meta" => xdp::adjust_meta,
    55 "bpf_perf_event_read_value" => facts::clear_3_not_found,
    60 "bpf_msg_redirect_map" => facts::zero,
    61 "bpf_msg_apply_bytes" => facts::zero,
    62 "bpf_msg_cork_bytes" => facts::zero,
    65 "bpf_xdp_adjust_tail" => xdp::adjust_tail,
    66 "bpf_skb_get_xfrm_state" => facts::clear_3_invalid,
    67 "bpf_get_stack" => facts::clear_2_fault,
    68 "bpf_skb_load_bytes_relative" => skb::load_bytes_relative,
    69 "bpf_fib_lookup" => redirect::fib_lookup,
    71 "bpf_msg_redirect_hash" => facts::zero,
    72 "bpf_sk_redirect_hash" => facts::zero,
    79 "bpf_skb_cgroup_id" => facts::zero,
    80 "bpf_get_current_cgroup_id" => facts::cgroup,
    81 "bpf_get_local_storage" => storage::local,
    82 "bpf_sk_select_reuseport" => facts::not_found,
    83 "bpf_skb_ancestor_cgroup_id" => facts::zero,
    84 "bpf_sk_lookup_tcp" => facts::zero,
    85 "bpf_sk_lookup_udp" => facts::zero,
    86 "bpf_sk_release" => facts::zero,
    87 "bpf_map_push_elem" => maps::push,
    88 "bpf_map_pop_elem" => maps::pop,
    89 "bpf_map_peek_elem" => maps::peek,
    93 "bpf_spin_lock" => maps::spin_lock,
    94 "bpf_spin_unlock" => maps::spin_unlock,
    95 "bpf_sk_fullsock" => facts::zero,
    96 "bpf_tcp_sock" => facts::zero,
    97 "bpf_skb_ecn_set_ce" => marks::ecn_set_ce,
    98 "bpf_get_listener_sock" => facts::zero,
    99 "bpf_skc_lookup_tcp" => facts::zero,
    105 "bpf_strtol" => text::strtol,
    106 "bpf_strtoul" => text::strtoul,
    107 "bpf_sk_storage_get" => storage::get,
    108 "bpf_sk_storage_delete" => storage::delete,
    109 "bpf_send_signal" => facts::send_signal,
    111 "bpf_skb_output" => output::perf_event_packet,
    112 "bpf_probe_read_user" => memory::probe_read,
    113 "bpf_probe_read_kernel" => memory::probe_read,
    114 "bpf_probe_read_user_str" => memory::probe_read_str,
    115 "bpf_probe_read_kernel_str" => memory::probe_read_str,
    117 "bpf_send_signal_thread" => facts::send_signal,
    118 "bpf_jiffies64" => facts::jiffies,
    119 "bpf_read_branch_records" => facts::branch_records,
    120 "bpf_get_ns_current_pid_tgid" => facts::ns_pid_tgid,
    121 "bpf_xdp_output" => output::perf_event_packet,
    122 "bpf_get_netns_cookie" => facts::one,
    123 "bpf_get_current_ancestor_cgroup_id" => facts::ancestor_cgroup,
    125 "bpf_ktime_get_boot_ns" => facts::boot_time,
    128 "bpf_sk_cgroup_id" => facts::zero,
    129 "bpf_sk_ancestor_cgroup_id" => facts::zero,
    130 "bpf_ringbuf_output" => output::ringbuf_output,
    131 "bpf_ringbuf_reserve" => output::ringbuf_reserve,
    132 "bpf_ringbuf_submit" => output::ringbuf_submit,
    133 "bpf_ringbuf_discard" => output::ringbuf_discard,
    134 "bpf_ringbuf_query" => output::ringbuf_query,
    135 "bpf_csum_level" => marks::checksum_level,
    136 "bpf_skc_to_tcp6_sock" => facts::zero,
    137 "bpf_skc_to_tcp_sock" => facts::zero,
    138 "bpf_skc_to_tcp_timewait_sock" => facts::zero,
    139 "bpf_skc_to_tcp_request_sock" => facts::zero,
    140 "bpf_skc_to_udp6_sock" => facts::zero,
    141 "bpf_get_task_stack" => facts::clear_2_fault,
    145 "bpf_inode_storage_get" => storage::get,
    146 "bpf_inode_storage_delete" => storage::delete,
    148 "bpf_copy_from_user" => memory::probe_read,
    151 "bpf_skb_cgroup_classid" => facts::zero,
    152 "bpf_redirect_neigh" => redirect::redirect_neigh,
    155 "bpf_redirect_peer" => redirect::redirect_peer,
    156 "bpf_task_storage_get" => storage::get,
    157 "bpf_task_storage_delete" => storage::delete,
    158 "bpf_get_current_task_btf" => facts::task,
    160 "bpf_ktime_get_coarse_ns" => facts::ktime,
    162 "bpf_sock_from_file" => facts::zero,
    165 "bpf_snprintf" => text::snprintf,
    173 "bpf_get_func_ip" => facts::func_ip,
    174 "bpf_get_attach_cookie" => facts::zero,
    176 "bpf_get_branch_snapshot" => facts::branch_snapshot,
    177 "bpf_trace_vprintk" => text::trace_vprintk,
    178 "bpf_skc_to_unix_sock" => facts::zero,
    180 "bpf_find_vma" => facts::not_found,
    182 "bpf_strncmp" => text::strncmp,
    183 "bpf_get_func_arg" => facts::func_arg,
    184 "bpf_get_func_ret" => facts::func_ret,
    185 "bpf_get_func_arg_cnt" => facts::func_arg_cnt,
    186 "bpf_get_retval" => marks::get_retval,
    187 "bpf_set_retval" => marks::set_retval,
    188 "bpf_xdp_get_buff_len" => xdp::buff_len,
    189 "bpf_xdp_load_bytes" => xdp::load_bytes,
    190 "bpf_xdp_store_bytes" => xdp::store_bytes,
    191 "bpf_copy_from_user_task" => memory::copy_from_task,
    192 "bpf_skb_set_tstamp" => skb::set_tstamp,
    194 "bpf_kptr_xchg" => memory::kptr_xchg,
    195 "bpf_map_lookup_percpu_elem" => maps::lookup_percpu,
    196 "bpf_skc_to_mptcp_sock" => facts::zero,
    197 "bpf_dynptr_from_mem" => dynptr::from_mem,
    198 "bpf_ringbuf_reserve_dynptr" => dynptr::ringbuf_reserve,
    199 "bpf_ringbuf_submit_dynptr" => dynptr::ringbuf_submit,
    200 "bpf_ringbuf_discard_dynptr" => dynptr::ringbuf_discard,
    201 "bpf_dynptr_read" => dynptr::read,
    202 "bpf_dynptr_write" => dynptr::write,
    203 "bpf_dynptr_data" => dynptr::data,
    208 "bpf_ktime_get_tai_ns" => facts::tai_time,
    209 "bpf_user_ringbuf_drain" => output::user_ringbuf_drain,
    210 "bpf_cgrp_storage_get" => storage::get,
    211 "bpf_cgrp_storage_delete" => storage::delete,
}

table! { callback_handler, CALLBACK_NAMES, CallbackHandler,
    164 "bpf_for_each_map_elem" => maps::for_each,
    181 "bpf_loop" => maps::bounded_loop,
}

/// Calls the helper `id`.
pub(crate) fn call(
    machine: &mut Machine,
    id: u32,
    args: Args,
    callbacks: &mut dyn Callbacks,
) -> Result<u64, Trap> {
    // What a test itself calls is no part of what it tests.
    if !machine.is_in_test()
        && let Some(answer) = machine.mocks.answer(id)
    {
        return Ok(answer);
    }
    if let Some(handler) = handler(id) {
        return handler(machine, args);
    }
    if let Some(handler) = callback_handler(id) {
        return handler(machine, args, callbacks);
    }
    Err(match helper_by_id(id) {
        Some(helper) => {
            FaultKind::unsupported(format!("the helper `{}`, which no mock answers,", helper.name))
        }
        None => Box::new(FaultKind::UnknownHelper { id }),
    })
}

/// Whether a call of the helper `id` may run other parts of the program.
pub(crate) fn is_control(id: u32) -> bool {
    id == TAIL_CALL || callback_handler(id).is_some()
}

/// The fault of an argument that the verifier would refuse.
fn bad_argument(helper: &'static str, argument: u32, problem: impl Into<String>) -> Trap {
    Box::new(FaultKind::BadArgument { helper, argument, problem: problem.into() })
}

/// A size as an argument: larger ones than memory has are refused by memory.
fn size(arg: u64) -> u32 {
    u32::try_from(arg).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Helpers that do nothing but answer as the kernel does where there is nothing to find.
    const FIND_NOTHING: [&str; 13] = [
        "facts::zero",
        "facts::one",
        "facts::not_found",
        "facts::not_supported",
        "facts::fault",
        "facts::clear_2_fault",
        "facts::clear_2_invalid",
        "facts::clear_2_not_found",
        "facts::clear_3_invalid",
        "facts::clear_3_not_found",
        "facts::branch_records",
        "facts::branch_snapshot",
        "facts::overflow_uid",
    ];

    fn page() -> String {
        let mut counts = [0; 3];
        let mut rows = String::new();
        for helper in bpfc_kabi::helpers() {
            let mut known = NAMES.iter().chain(CALLBACK_NAMES);
            let path = known.find(|(id, ..)| *id == helper.id).map(|(_, _, path)| *path);
            let (class, words) = match path {
                Some(path) if FIND_NOTHING.contains(&path) => (1, "finds nothing"),
                None if helper.id != TAIL_CALL => (2, "needs a mock"),
                _ => (0, "does it"),
            };
            counts[class] += 1;
            rows += &format!("| {} | `{}` | {words} |\n", helper.id, helper.name);
        }
        let [does, finds, mocks] = counts;
        format!(
            "# Helpers in the virtual machine\n\nOf the kernel's {} helpers, the virtual machine does what {does} do. {finds} answer as the kernel \
             does when it\nfinds nothing, since there are no sockets, routes, tunnels or stacks here. A call of one of the other {mocks} ends the \
             run with an\nerror that names it, unless a mock answers: in [tests](testing-programs.md), `MOCK` and `mock` give any helper the values \
             that it returns,\none after the other; so does `Vm::mock_helper` of the crate `bpfc-vm`.\n\nA test writes this page (`BLESS=1`) and compares it.\n\n| number | helper | here |\n| ---: | --- | --- |\n{rows}",
            does + finds + mocks
        )
    }

    #[test]
    fn the_page_is_true() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/vm-helpers.md");
        let page = page();
        if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
            std::fs::write(path, &page).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), page, "BLESS=1 writes it");
    }

    #[test]
    fn numbers_have_their_names() {
        for (id, name, _) in NAMES.iter().chain(CALLBACK_NAMES) {
            assert_eq!(helper_by_id(*id).map(|helper| helper.name), Some(*name));
        }
        assert_eq!(helper_by_id(TAIL_CALL).unwrap().name, "bpf_tail_call");
    }
}
