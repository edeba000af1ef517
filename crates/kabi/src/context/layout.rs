//! The layouts of context structs and of the objects that they point at (`include/uapi/linux/bpf.h`).
//!
//! Which sizes an access may have comes from the `*_is_valid_access` functions of Linux 6.12.

use super::{Context, CtxField, CtxValue as V, Sizes as Z};
use crate::ctype::{CInt, CType};

const U8: CType = CType::Int(CInt::U8);
const U16: CType = CType::Int(CInt::U16);
const U32: CType = CType::Int(CInt::U32);
const U64: CType = CType::Int(CInt::U64);
const S32: CType = CType::Int(CInt::S32);
const ULONG: CType = CType::Int(CInt::ULong);
const BE16: CType = CType::Int(CInt::Be16);
const BE32: CType = CType::Int(CInt::Be32);
const VOID_PTR: CType = CType::Ptr { to: &CType::Void, is_const: false };

const fn ptr(to: &'static CType) -> CType {
    CType::Ptr { to, is_const: false }
}

const fn array(of: &'static CType, len: u32) -> CType {
    CType::Array { of, len }
}

const fn field(name: &'static str, offset: u32, ty: CType, sizes: Z, value: V) -> CtxField {
    CtxField { name, offset, ty, sizes, value }
}

/// `struct __sk_buff`.
#[rustfmt::skip]
pub(super) static SK_BUFF: Context = Context {
    struct_name: "__sk_buff",
    size_bytes: 192,
    fields: &[
        field("len", 0, U32, Z::Narrow, V::Scalar),
        field("pkt_type", 4, U32, Z::Narrow, V::Scalar),
        field("mark", 8, U32, Z::Narrow, V::Scalar),
        field("queue_mapping", 12, U32, Z::Narrow, V::Scalar),
        field("protocol", 16, U32, Z::Narrow, V::Scalar),
        field("vlan_present", 20, U32, Z::Narrow, V::Scalar),
        field("vlan_tci", 24, U32, Z::Narrow, V::Scalar),
        field("vlan_proto", 28, U32, Z::Narrow, V::Scalar),
        field("priority", 32, U32, Z::Narrow, V::Scalar),
        field("ingress_ifindex", 36, U32, Z::Narrow, V::Scalar),
        field("ifindex", 40, U32, Z::Narrow, V::Scalar),
        field("tc_index", 44, U32, Z::Narrow, V::Scalar),
        field("cb", 48, array(&U32, 5), Z::Any, V::Scalar),
        field("hash", 68, U32, Z::Narrow, V::Scalar),
        field("tc_classid", 72, U32, Z::Narrow, V::Scalar),
        field("data", 76, U32, Z::Exact, V::Packet),
        field("data_end", 80, U32, Z::Exact, V::PacketEnd),
        field("napi_id", 84, U32, Z::Narrow, V::Scalar),
        field("family", 88, U32, Z::Narrow, V::Scalar),
        field("remote_ip4", 92, U32, Z::Exact, V::Scalar),
        field("local_ip4", 96, U32, Z::Exact, V::Scalar),
        field("remote_ip6", 100, array(&U32, 4), Z::Exact, V::Scalar),
        field("local_ip6", 116, array(&U32, 4), Z::Exact, V::Scalar),
        field("remote_port", 132, U32, Z::Narrow, V::Scalar),
        field("local_port", 136, U32, Z::Narrow, V::Scalar),
        field("data_meta", 140, U32, Z::Exact, V::PacketMeta),
        field("flow_keys", 144, ptr(&CType::Struct("bpf_flow_keys")), Z::Exact, V::FlowKeys),
        field("tstamp", 152, U64, Z::Exact, V::Scalar),
        field("wire_len", 160, U32, Z::Narrow, V::Scalar),
        field("gso_segs", 164, U32, Z::Narrow, V::Scalar),
        field("sk", 168, ptr(&CType::Struct("bpf_sock")), Z::Exact, V::SockCommonOrNull),
        field("gso_size", 176, U32, Z::Narrow, V::Scalar),
        field("tstamp_type", 180, U8, Z::Exact, V::Scalar),
        field("hwtstamp", 184, U64, Z::Exact, V::Scalar),
    ],
};

/// `struct xdp_md`.
#[rustfmt::skip]
pub(super) static XDP_MD: Context = Context {
    struct_name: "xdp_md",
    size_bytes: 24,
    fields: &[
        field("data", 0, U32, Z::Exact, V::Packet),
        field("data_end", 4, U32, Z::Exact, V::PacketEnd),
        field("data_meta", 8, U32, Z::Exact, V::PacketMeta),
        field("ingress_ifindex", 12, U32, Z::Exact, V::Scalar),
        field("rx_queue_index", 16, U32, Z::Exact, V::Scalar),
        field("egress_ifindex", 20, U32, Z::Exact, V::Scalar),
    ],
};

/// `struct bpf_sock`.
#[rustfmt::skip]
pub(super) static SOCK: Context = Context {
    struct_name: "bpf_sock",
    size_bytes: 80,
    fields: &[
        field("bound_dev_if", 0, U32, Z::Exact, V::Scalar),
        field("family", 4, U32, Z::Narrow, V::Scalar),
        field("type", 8, U32, Z::Narrow, V::Scalar),
        field("protocol", 12, U32, Z::Narrow, V::Scalar),
        field("mark", 16, U32, Z::Exact, V::Scalar),
        field("priority", 20, U32, Z::Exact, V::Scalar),
        field("src_ip4", 24, U32, Z::Narrow, V::Scalar),
        field("src_ip6", 28, array(&U32, 4), Z::Narrow, V::Scalar),
        field("src_port", 44, U32, Z::Narrow, V::Scalar),
        field("dst_port", 48, BE16, Z::NarrowOrWord, V::Scalar),
        field("dst_ip4", 52, U32, Z::Narrow, V::Scalar),
        field("dst_ip6", 56, array(&U32, 4), Z::Narrow, V::Scalar),
        field("state", 72, U32, Z::Narrow, V::Scalar),
        field("rx_queue_mapping", 76, S32, Z::Narrow, V::Scalar),
    ],
};

/// `struct bpf_xdp_sock`.
pub(super) static XDP_SOCK: Context = Context {
    struct_name: "bpf_xdp_sock",
    size_bytes: 4,
    fields: &[field("queue_id", 0, U32, Z::Exact, V::Scalar)],
};

/// `struct bpf_tcp_sock`.
#[rustfmt::skip]
pub(super) static TCP_SOCK: Context = Context {
    struct_name: "bpf_tcp_sock",
    size_bytes: 112,
    fields: &[
        field("snd_cwnd", 0, U32, Z::Exact, V::Scalar),
        field("srtt_us", 4, U32, Z::Exact, V::Scalar),
        field("rtt_min", 8, U32, Z::Exact, V::Scalar),
        field("snd_ssthresh", 12, U32, Z::Exact, V::Scalar),
        field("rcv_nxt", 16, U32, Z::Exact, V::Scalar),
        field("snd_nxt", 20, U32, Z::Exact, V::Scalar),
        field("snd_una", 24, U32, Z::Exact, V::Scalar),
        field("mss_cache", 28, U32, Z::Exact, V::Scalar),
        field("ecn_flags", 32, U32, Z::Exact, V::Scalar),
        field("rate_delivered", 36, U32, Z::Exact, V::Scalar),
        field("rate_interval_us", 40, U32, Z::Exact, V::Scalar),
        field("packets_out", 44, U32, Z::Exact, V::Scalar),
        field("retrans_out", 48, U32, Z::Exact, V::Scalar),
        field("total_retrans", 52, U32, Z::Exact, V::Scalar),
        field("segs_in", 56, U32, Z::Exact, V::Scalar),
        field("data_segs_in", 60, U32, Z::Exact, V::Scalar),
        field("segs_out", 64, U32, Z::Exact, V::Scalar),
        field("data_segs_out", 68, U32, Z::Exact, V::Scalar),
        field("lost_out", 72, U32, Z::Exact, V::Scalar),
        field("sacked_out", 76, U32, Z::Exact, V::Scalar),
        field("bytes_received", 80, U64, Z::Exact, V::Scalar),
        field("bytes_acked", 88, U64, Z::Exact, V::Scalar),
        field("dsack_dups", 96, U32, Z::Exact, V::Scalar),
        field("delivered", 100, U32, Z::Exact, V::Scalar),
        field("delivered_ce", 104, U32, Z::Exact, V::Scalar),
        field("icsk_retransmits", 108, U32, Z::Exact, V::Scalar),
    ],
};

/// `struct bpf_sock_addr`.
#[rustfmt::skip]
pub(super) static SOCK_ADDR: Context = Context {
    struct_name: "bpf_sock_addr",
    size_bytes: 72,
    fields: &[
        field("user_family", 0, U32, Z::Exact, V::Scalar),
        field("user_ip4", 4, U32, Z::Narrow, V::Scalar),
        field("user_ip6", 8, array(&U32, 4), Z::NarrowOrPair, V::Scalar),
        field("user_port", 24, U32, Z::Narrow, V::Scalar),
        field("family", 28, U32, Z::Exact, V::Scalar),
        field("type", 32, U32, Z::Exact, V::Scalar),
        field("protocol", 36, U32, Z::Exact, V::Scalar),
        field("msg_src_ip4", 40, U32, Z::Narrow, V::Scalar),
        field("msg_src_ip6", 44, array(&U32, 4), Z::NarrowOrPair, V::Scalar),
        field("sk", 64, ptr(&CType::Struct("bpf_sock")), Z::Exact, V::Socket),
    ],
};

/// `struct bpf_sock_ops`.
#[rustfmt::skip]
pub(super) static SOCK_OPS: Context = Context {
    struct_name: "bpf_sock_ops",
    size_bytes: 224,
    fields: &[
        field("op", 0, U32, Z::Exact, V::Scalar),
        field("reply", 4, U32, Z::Exact, V::Scalar),
        field("replylong", 8, array(&U32, 3), Z::Exact, V::Scalar),
        field("family", 20, U32, Z::Exact, V::Scalar),
        field("remote_ip4", 24, U32, Z::Exact, V::Scalar),
        field("local_ip4", 28, U32, Z::Exact, V::Scalar),
        field("remote_ip6", 32, array(&U32, 4), Z::Exact, V::Scalar),
        field("local_ip6", 48, array(&U32, 4), Z::Exact, V::Scalar),
        field("remote_port", 64, U32, Z::Exact, V::Scalar),
        field("local_port", 68, U32, Z::Exact, V::Scalar),
        field("is_fullsock", 72, U32, Z::Exact, V::Scalar),
        field("snd_cwnd", 76, U32, Z::Exact, V::Scalar),
        field("srtt_us", 80, U32, Z::Exact, V::Scalar),
        field("bpf_sock_ops_cb_flags", 84, U32, Z::Exact, V::Scalar),
        field("state", 88, U32, Z::Exact, V::Scalar),
        field("rtt_min", 92, U32, Z::Exact, V::Scalar),
        field("snd_ssthresh", 96, U32, Z::Exact, V::Scalar),
        field("rcv_nxt", 100, U32, Z::Exact, V::Scalar),
        field("snd_nxt", 104, U32, Z::Exact, V::Scalar),
        field("snd_una", 108, U32, Z::Exact, V::Scalar),
        field("mss_cache", 112, U32, Z::Exact, V::Scalar),
        field("ecn_flags", 116, U32, Z::Exact, V::Scalar),
        field("rate_delivered", 120, U32, Z::Exact, V::Scalar),
        field("rate_interval_us", 124, U32, Z::Exact, V::Scalar),
        field("packets_out", 128, U32, Z::Exact, V::Scalar),
        field("retrans_out", 132, U32, Z::Exact, V::Scalar),
        field("total_retrans", 136, U32, Z::Exact, V::Scalar),
        field("segs_in", 140, U32, Z::Exact, V::Scalar),
        field("data_segs_in", 144, U32, Z::Exact, V::Scalar),
        field("segs_out", 148, U32, Z::Exact, V::Scalar),
        field("data_segs_out", 152, U32, Z::Exact, V::Scalar),
        field("lost_out", 156, U32, Z::Exact, V::Scalar),
        field("sacked_out", 160, U32, Z::Exact, V::Scalar),
        field("sk_txhash", 164, U32, Z::Exact, V::Scalar),
        field("bytes_received", 168, U64, Z::Exact, V::Scalar),
        field("bytes_acked", 176, U64, Z::Exact, V::Scalar),
        field("sk", 184, ptr(&CType::Struct("bpf_sock")), Z::Exact, V::SocketOrNull),
        field("skb_data", 192, VOID_PTR, Z::Exact, V::Packet),
        field("skb_data_end", 200, VOID_PTR, Z::Exact, V::PacketEnd),
        field("skb_len", 208, U32, Z::Exact, V::Scalar),
        field("skb_tcp_flags", 212, U32, Z::Narrow, V::Scalar),
        field("skb_hwtstamp", 216, U64, Z::Exact, V::Scalar),
    ],
};

/// `struct sk_msg_md`.
#[rustfmt::skip]
pub(super) static SK_MSG_MD: Context = Context {
    struct_name: "sk_msg_md",
    size_bytes: 80,
    fields: &[
        field("data", 0, VOID_PTR, Z::Exact, V::Packet),
        field("data_end", 8, VOID_PTR, Z::Exact, V::PacketEnd),
        field("family", 16, U32, Z::Exact, V::Scalar),
        field("remote_ip4", 20, U32, Z::Exact, V::Scalar),
        field("local_ip4", 24, U32, Z::Exact, V::Scalar),
        field("remote_ip6", 28, array(&U32, 4), Z::Exact, V::Scalar),
        field("local_ip6", 44, array(&U32, 4), Z::Exact, V::Scalar),
        field("remote_port", 60, U32, Z::Exact, V::Scalar),
        field("local_port", 64, U32, Z::Exact, V::Scalar),
        field("size", 68, U32, Z::Exact, V::Scalar),
        field("sk", 72, ptr(&CType::Struct("bpf_sock")), Z::Exact, V::Socket),
    ],
};

/// `struct sk_reuseport_md`.
#[rustfmt::skip]
pub(super) static SK_REUSEPORT_MD: Context = Context {
    struct_name: "sk_reuseport_md",
    size_bytes: 56,
    fields: &[
        field("data", 0, VOID_PTR, Z::Exact, V::Packet),
        field("data_end", 8, VOID_PTR, Z::Exact, V::PacketEnd),
        field("len", 16, U32, Z::Narrow, V::Scalar),
        field("eth_protocol", 20, U32, Z::AtLeastHalf, V::Scalar),
        field("ip_protocol", 24, U32, Z::Narrow, V::Scalar),
        field("bind_inany", 28, U32, Z::Narrow, V::Scalar),
        field("hash", 32, U32, Z::Exact, V::Scalar),
        field("sk", 40, ptr(&CType::Struct("bpf_sock")), Z::Exact, V::Socket),
        field("migrating_sk", 48, ptr(&CType::Struct("bpf_sock")), Z::Exact, V::SockCommonOrNull),
    ],
};

/// `struct bpf_sk_lookup`.
#[rustfmt::skip]
pub(super) static SK_LOOKUP: Context = Context {
    struct_name: "bpf_sk_lookup",
    size_bytes: 72,
    fields: &[
        field("sk", 0, ptr(&CType::Struct("bpf_sock")), Z::Exact, V::SocketOrNull),
        field("family", 8, U32, Z::Narrow, V::Scalar),
        field("protocol", 12, U32, Z::Narrow, V::Scalar),
        field("remote_ip4", 16, U32, Z::Narrow, V::Scalar),
        field("remote_ip6", 20, array(&U32, 4), Z::Narrow, V::Scalar),
        field("remote_port", 36, BE16, Z::NarrowOrWord, V::Scalar),
        field(":16", 38, U16, Z::Narrow, V::Scalar),
        field("local_ip4", 40, U32, Z::Narrow, V::Scalar),
        field("local_ip6", 44, array(&U32, 4), Z::Narrow, V::Scalar),
        field("local_port", 60, U32, Z::Narrow, V::Scalar),
        field("ingress_ifindex", 64, U32, Z::Narrow, V::Scalar),
    ],
};

/// `struct bpf_cgroup_dev_ctx`.
#[rustfmt::skip]
pub(super) static CGROUP_DEV_CTX: Context = Context {
    struct_name: "bpf_cgroup_dev_ctx",
    size_bytes: 12,
    fields: &[
        field("access_type", 0, U32, Z::Narrow, V::Scalar),
        field("major", 4, U32, Z::Exact, V::Scalar),
        field("minor", 8, U32, Z::Exact, V::Scalar),
    ],
};

/// `struct bpf_sysctl`.
#[rustfmt::skip]
pub(super) static SYSCTL: Context = Context {
    struct_name: "bpf_sysctl",
    size_bytes: 8,
    fields: &[
        field("write", 0, U32, Z::Narrow, V::Scalar),
        field("file_pos", 4, U32, Z::Narrow, V::Scalar),
    ],
};

/// `struct bpf_sockopt`.
#[rustfmt::skip]
pub(super) static SOCKOPT: Context = Context {
    struct_name: "bpf_sockopt",
    size_bytes: 40,
    fields: &[
        field("sk", 0, ptr(&CType::Struct("bpf_sock")), Z::Exact, V::Socket),
        field("optval", 8, VOID_PTR, Z::Exact, V::Packet),
        field("optval_end", 16, VOID_PTR, Z::Exact, V::PacketEnd),
        field("level", 24, S32, Z::Exact, V::Scalar),
        field("optname", 28, S32, Z::Exact, V::Scalar),
        field("optlen", 32, S32, Z::Exact, V::Scalar),
        field("retval", 36, S32, Z::Exact, V::Scalar),
    ],
};

/// `struct bpf_flow_keys`.
#[rustfmt::skip]
pub(super) static FLOW_KEYS: Context = Context {
    struct_name: "bpf_flow_keys",
    size_bytes: 56,
    fields: &[
        field("nhoff", 0, U16, Z::Any, V::Scalar),
        field("thoff", 2, U16, Z::Any, V::Scalar),
        field("addr_proto", 4, U16, Z::Any, V::Scalar),
        field("is_frag", 6, U8, Z::Any, V::Scalar),
        field("is_first_frag", 7, U8, Z::Any, V::Scalar),
        field("is_encap", 8, U8, Z::Any, V::Scalar),
        field("ip_proto", 9, U8, Z::Any, V::Scalar),
        field("n_proto", 10, BE16, Z::Any, V::Scalar),
        field("sport", 12, BE16, Z::Any, V::Scalar),
        field("dport", 14, BE16, Z::Any, V::Scalar),
        field("ipv6_src", 16, array(&U32, 4), Z::Any, V::Scalar),
        field("ipv6_dst", 32, array(&U32, 4), Z::Any, V::Scalar),
        field("flags", 48, U32, Z::Any, V::Scalar),
        field("flow_label", 52, BE32, Z::Any, V::Scalar),
    ],
};

/// `struct pt_regs`.
#[rustfmt::skip]
pub(super) static PT_REGS: Context = Context {
    struct_name: "pt_regs",
    size_bytes: 168,
    fields: &[
        field("r15", 0, ULONG, Z::Any, V::Scalar),
        field("r14", 8, ULONG, Z::Any, V::Scalar),
        field("r13", 16, ULONG, Z::Any, V::Scalar),
        field("r12", 24, ULONG, Z::Any, V::Scalar),
        field("bp", 32, ULONG, Z::Any, V::Scalar),
        field("bx", 40, ULONG, Z::Any, V::Scalar),
        field("r11", 48, ULONG, Z::Any, V::Scalar),
        field("r10", 56, ULONG, Z::Any, V::Scalar),
        field("r9", 64, ULONG, Z::Any, V::Scalar),
        field("r8", 72, ULONG, Z::Any, V::Scalar),
        field("ax", 80, ULONG, Z::Any, V::Scalar),
        field("cx", 88, ULONG, Z::Any, V::Scalar),
        field("dx", 96, ULONG, Z::Any, V::Scalar),
        field("si", 104, ULONG, Z::Any, V::Scalar),
        field("di", 112, ULONG, Z::Any, V::Scalar),
        field("orig_ax", 120, ULONG, Z::Any, V::Scalar),
        field("ip", 128, ULONG, Z::Any, V::Scalar),
        field("cs", 136, ULONG, Z::Any, V::Scalar),
        field("flags", 144, ULONG, Z::Any, V::Scalar),
        field("sp", 152, ULONG, Z::Any, V::Scalar),
        field("ss", 160, ULONG, Z::Any, V::Scalar),
    ],
};

/// `struct bpf_raw_tracepoint_args`.
#[rustfmt::skip]
pub(super) static RAW_TRACEPOINT_ARGS: Context = Context {
    struct_name: "bpf_raw_tracepoint_args",
    size_bytes: 96,
    fields: &[
        field("args", 0, array(&U64, 12), Z::Any, V::Scalar),
    ],
};

/// `struct bpf_perf_event_data` on x86-64: `struct pt_regs regs`, then two numbers.
#[rustfmt::skip]
pub(super) static PERF_EVENT_DATA: Context = Context {
    struct_name: "bpf_perf_event_data",
    size_bytes: 184,
    fields: &[
        field("regs", 0, array(&ULONG, 21), Z::Exact, V::Scalar),
        field("sample_period", 168, U64, Z::Narrow, V::Scalar),
        field("addr", 176, U64, Z::Narrow, V::Scalar),
    ],
};

/// `struct bpf_nf_ctx` (`include/linux/bpf.h`): two kernel objects.
#[rustfmt::skip]
pub(super) static NF_CTX: Context = Context {
    struct_name: "bpf_nf_ctx",
    size_bytes: 16,
    fields: &[
        field("state", 0, ptr(&CType::Struct("nf_hook_state")), Z::Exact, V::Btf("nf_hook_state")),
        field("skb", 8, ptr(&CType::Struct("sk_buff")), Z::Exact, V::Btf("sk_buff")),
    ],
};
