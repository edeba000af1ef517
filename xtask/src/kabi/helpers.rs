//! The helper table: ids and signatures from uapi, contracts from [`super::protos`].

use std::collections::BTreeMap;
use std::fmt::Write;

use super::c_source::{enum_members, words};
use super::enums::banner;
use super::protos::{Fields, Protos};
use super::versions::{Versions, constructor};
use super::{Result, Sources};

/// `bpf_helper_changes_pkt_data`, `net/core/filter.c` (6.12).
const CHANGES_PACKET: [&str; 23] = [
    "clone_redirect",
    "l3_csum_replace",
    "l4_csum_replace",
    "lwt_push_encap",
    "lwt_seg6_action",
    "lwt_seg6_adjust_srh",
    "lwt_seg6_store_bytes",
    "msg_pop_data",
    "msg_pull_data",
    "msg_push_data",
    "skb_adjust_room",
    "skb_change_head",
    "skb_change_proto",
    "skb_change_tail",
    "skb_pull_data",
    "skb_store_bytes",
    "skb_vlan_pop",
    "skb_vlan_push",
    "store_hdr_opt",
    "xdp_adjust_head",
    "xdp_adjust_meta",
    "xdp_adjust_tail",
    "tail_call",
];

/// `is_acquire_function`, `kernel/bpf/verifier.c` (6.12).
const ACQUIRES: [&str; 5] =
    ["sk_lookup_tcp", "sk_lookup_udp", "skc_lookup_tcp", "ringbuf_reserve", "kptr_xchg"];

/// `is_ptr_cast_function` and `is_dynptr_ref_function`, `kernel/bpf/verifier.c` (6.12).
const SHARES_REFERENCE: [&str; 9] = [
    "tcp_sock",
    "sk_fullsock",
    "skc_to_tcp_sock",
    "skc_to_tcp6_sock",
    "skc_to_udp6_sock",
    "skc_to_mptcp_sock",
    "skc_to_tcp_timewait_sock",
    "skc_to_tcp_request_sock",
    "dynptr_data",
];

/// `is_sync_callback_calling_function`, `is_async_callback_calling_function`, `kernel/bpf/verifier.c` (6.12).
const CALLBACKS: [(&str, &str); 5] = [
    ("for_each_map_elem", "ForEachMapElem"),
    ("timer_set_callback", "Timer"),
    ("find_vma", "FindVma"),
    ("loop", "Loop"),
    ("user_ringbuf_drain", "UserRingbufDrain"),
];

/// Program types that gained a helper after 6.12: helper, version, types. `base` are those that ask
/// `bpf_base_func_proto`, into which 6.16 moved many helpers of tracing (commits ee971630f20f and its neighbours).
const LATER: [(&str, &str, &str); 17] = [
    ("get_netns_cookie", "6.13", "BPF_PROG_TYPE_SCHED_CLS BPF_PROG_TYPE_SCHED_ACT"),
    ("get_netns_cookie", "6.15", "BPF_PROG_TYPE_SOCKET_FILTER BPF_PROG_TYPE_CGROUP_SKB"),
    ("copy_from_user", "6.16", "base"),
    ("copy_from_user_task", "6.16", "base"),
    ("current_task_under_cgroup", "6.16", "base"),
    ("find_vma", "6.16", "base"),
    ("get_branch_snapshot", "6.16", "base"),
    ("get_cgroup_classid", "6.16", "base"),
    ("get_current_comm", "6.16", "base"),
    ("get_current_uid_gid", "6.16", "base"),
    ("get_task_stack", "6.16", "base"),
    ("perf_event_read", "6.16", "base"),
    ("perf_event_read_value", "6.16", "base"),
    ("send_signal", "6.16", "base"),
    ("send_signal_thread", "6.16", "base"),
    ("task_storage_get", "6.16", "base"),
    ("task_storage_delete", "6.16", "base"),
];

/// A helper that only `bpf_base_func_proto` hands out.
const BASE_HELPER: &str = "strncmp";

/// Helpers whose first parameter differs by program type; C sees `void *ctx`.
const OVERLOADED: [&str; 2] = ["get_socket_cookie", "sk_assign"];

/// Structs by the BTF id lists that contracts name.
const BTF_IDS: [(&str, &str); 21] = [
    ("bpf_bprm_opts_set_btf_ids[0]", "linux_binprm"),
    ("bpf_cgroup_btf_id[0]", "cgroup"),
    ("bpf_d_path_btf_ids[0]", "path"),
    ("bpf_ima_file_hash_btf_ids[0]", "file"),
    ("bpf_ima_inode_hash_btf_ids[0]", "inode"),
    ("bpf_inode_storage_btf_ids[0]", "inode"),
    ("bpf_skb_output_btf_ids[0]", "sk_buff"),
    ("bpf_sock_from_file_btf_ids[0]", "socket"),
    ("bpf_sock_from_file_btf_ids[1]", "file"),
    ("bpf_task_pt_regs_ids[0]", "pt_regs"),
    ("bpf_xdp_get_buff_len_bpf_ids[0]", "xdp_buff"),
    ("bpf_xdp_output_btf_ids[0]", "xdp_buff"),
    ("btf_seq_file_ids[0]", "seq_file"),
    ("btf_sock_ids[BTF_SOCK_TYPE_MPTCP]", "mptcp_sock"),
    ("btf_sock_ids[BTF_SOCK_TYPE_SOCK_COMMON]", "sock_common"),
    ("btf_sock_ids[BTF_SOCK_TYPE_TCP6]", "tcp6_sock"),
    ("btf_sock_ids[BTF_SOCK_TYPE_TCP]", "tcp_sock"),
    ("btf_sock_ids[BTF_SOCK_TYPE_TCP_REQ]", "tcp_request_sock"),
    ("btf_sock_ids[BTF_SOCK_TYPE_TCP_TW]", "tcp_timewait_sock"),
    ("btf_sock_ids[BTF_SOCK_TYPE_UDP6]", "udp6_sock"),
    ("btf_sock_ids[BTF_SOCK_TYPE_UNIX]", "unix_sock"),
];

/// Structs of BTF ids whose list is a plain variable.
const BTF_VARIABLES: [(&str, &str); 2] =
    [("tcp_sock_id", "tcp_sock"), ("btf_tracing_ids[BTF_TRACING_TYPE_TASK]", "task_struct")];

/// Sizes of fixed-size memory arguments.
const SIZES: [(&str, u32); 6] = [
    ("sizeof(u32)", 4),
    ("sizeof(u64)", 8),
    ("sizeof(s64)", 8),
    ("sizeof(struct iphdr)", 20),
    ("sizeof(struct ipv6hdr)", 40),
    ("sizeof(struct tcphdr)", 20),
];

/// What the rows are written with.
const PRELUDE: &str = r#"use crate::ctype::{CInt, CType};
use crate::helper::{
    Arg, ArgFlags as F, ArgKind as A, Callback, DynptrKind, Effects, Helper, Param, Proto, Ret, RetKind as R, Signature,
};
use crate::prog::ProgTypes;
use crate::version::KernelVersion;

const VOID: CType = CType::Void;
const CHAR: CType = CType::Int(CInt::Char);
const INT: CType = CType::Int(CInt::Int);
const LONG: CType = CType::Int(CInt::Long);
const ULONG: CType = CType::Int(CInt::ULong);
const U16: CType = CType::Int(CInt::U16);
const U32: CType = CType::Int(CInt::U32);
const U64: CType = CType::Int(CInt::U64);
const S32: CType = CType::Int(CInt::S32);
const S64: CType = CType::Int(CInt::S64);
const BE16: CType = CType::Int(CInt::Be16);
const BE32: CType = CType::Int(CInt::Be32);
const WSUM: CType = CType::Int(CInt::Wsum);

const fn ptr(to: &'static CType) -> CType {
    CType::Ptr { to, is_const: false }
}

const fn const_ptr(to: &'static CType) -> CType {
    CType::Ptr { to, is_const: true }
}

const fn param(name: &'static str, ty: CType) -> Param {
    Param { name, ty }
}

const fn arg(kind: A, flags: F) -> Arg {
    Arg { kind, flags }
}

const fn ret(kind: R) -> Ret {
    Ret { kind, is_nullable: false, is_read_only: false, is_trusted: false }
}

const fn nullable(kind: R) -> Ret {
    Ret { is_nullable: true, ..ret(kind) }
}
"#;

/// `tables/helper.rs`.
pub fn table(sources: &Sources, uapi: &str, versions: &Versions) -> Result<String> {
    let kernel = Protos::read(&sources.linux)?;
    let ids = ids(uapi)?;
    let mut out = banner("The helper functions.");
    out += PRELUDE;
    write!(out, "\n#[rustfmt::skip]\npub(crate) static HELPERS: [Helper; {}] = [\n", ids.len())?;
    for (id, name) in &ids {
        let row = row(*id, name, &kernel, uapi, versions)
            .map_err(|error| format!("bpf_{name}: {error}"))?;
        out += &row;
    }
    out += "];\n\n/// Helper ids by ascending name.\n";
    let mut by_name: Vec<&(u32, String)> = ids.iter().collect();
    by_name.sort_by(|left, right| left.1.cmp(&right.1));
    write!(out, "#[rustfmt::skip]\npub(crate) static BY_NAME: [u8; {}] = [", ids.len())?;
    for (idx, (id, _)) in by_name.into_iter().enumerate() {
        let space = if idx % 20 == 0 { "\n    " } else { " " };
        write!(out, "{space}{id},")?;
    }
    out += "\n];\n";
    Ok(out)
}

/// Ids and names without `bpf_`, from `___BPF_FUNC_MAPPER`.
fn ids(uapi: &str) -> Result<Vec<(u32, String)>> {
    let mut found = Vec::new();
    for entry in uapi.split("\tFN(").skip(1) {
        let mut parts = entry.split(',').map(str::trim);
        if let (Some(name), Some(id)) = (parts.next(), parts.next())
            && let Ok(id) = id.parse()
            && id != 0
        {
            found.push((id, name.to_owned()));
        }
    }
    if found.is_empty() { Err("no ___BPF_FUNC_MAPPER".into()) } else { Ok(found) }
}

fn row(id: u32, name: &str, kernel: &Protos, uapi: &str, versions: &Versions) -> Result<String> {
    // Contracts by their Rust text, each with the program types under which it holds.
    let mut contracts: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut names = Vec::new();
    for (prog, helpers) in &kernel.allowed {
        if let Some(proto) = helpers.get(name) {
            contracts.entry(contract(&kernel.protos[proto])?).or_default().push(prog);
            names.push(&kernel.protos[proto]);
        }
    }
    let unlisted = kernel.protos.get(&format!("bpf_{name}_proto"));
    if let (true, Some(fields)) = (contracts.is_empty(), unlisted) {
        contracts.insert(contract(fields)?, Vec::new());
        names.push(fields);
    }
    let main = contracts
        .iter()
        .max_by_key(|(_, progs)| progs.len())
        .map(|(text, _)| text.clone())
        .ok_or("no contract found")?;
    let progs: Vec<&str> = contracts.values().flatten().copied().collect();
    let any = |key: &str| names.iter().any(|fields| fields.get(key).is_some_and(|v| v == "true"));
    let mut out = format!(
        "    Helper {{\n        id: {id}, name: \"bpf_{name}\", since: {}, gpl_only: {},
        signature: {},\n        proto: {main},\n        variants: &[",
        versions.since(&format!("bpf_{name}"))?,
        any("gpl_only"),
        signature(name, uapi)?,
    );
    for (text, progs) in contracts.iter().filter(|(text, _)| **text != main) {
        write!(out, "\n            ({}, {text}),", prog_set(progs, uapi)?)?;
    }
    let effects = effects(name, any("might_sleep"), any("pkt_access"));
    let later = later(name, &progs, kernel, uapi)?;
    let progs = prog_set(&[progs.as_slice(), &["BPF_PROG_TYPE_EXT"]].concat(), uapi)?;
    write!(
        out,
        "],\n        progs: {progs},\n        progs_later: &[{later}],\n        effects: {effects},\n    }},\n"
    )?;
    Ok(out)
}

/// The rows of [`LATER`] for a helper as Rust text.
fn later(name: &str, progs: &[&str], kernel: &Protos, uapi: &str) -> Result<String> {
    let mut rows = Vec::new();
    for (_, version, types) in LATER.iter().filter(|(helper, _, _)| *helper == name) {
        let base =
            || kernel.allowed.iter().filter(|(_, helpers)| helpers.contains_key(BASE_HELPER));
        let mut gained: Vec<&str> = match *types {
            "base" => base().map(|(prog, _)| prog.as_str()).collect(),
            types => types.split(' ').collect(),
        };
        gained.retain(|prog| !progs.contains(prog));
        rows.push(format!("({}, {})", constructor(version)?, prog_set(&gained, uapi)?));
    }
    Ok(rows.join(", "))
}

/// A set of program types as the bits of their uapi numbers.
pub fn prog_set(progs: &[&str], uapi: &str) -> Result<String> {
    let members = enum_members(uapi, "bpf_prog_type").ok_or("no program types")?;
    let mut bits = 0_u64;
    for prog in progs {
        let (_, number) =
            members.iter().find(|(name, _)| name == prog).ok_or("an unknown program type")?;
        // What is open to the unspecified type is open to all (`BTF_KFUNC_HOOK_COMMON`).
        let all = || {
            members
                .iter()
                .filter(|(name, _)| !name.starts_with("__"))
                .map(|(_, n)| 1 << n)
                .sum::<u64>()
                - 1
        };
        bits |= if *number == 0 { all() } else { 1 << number };
    }
    let hex = format!("{bits:012x}");
    Ok(format!("ProgTypes::from_bits(0x{}_{}_{})", &hex[..4], &hex[4..8], &hex[8..]))
}

fn effects(name: &str, might_sleep: bool, pkt_access: bool) -> String {
    let mut set = Vec::new();
    let mut flag = |is_set: bool, field: &str| {
        if is_set {
            set.push(format!("{field}: true"));
        }
    };
    flag(CHANGES_PACKET.contains(&name), "changes_packet");
    flag(ACQUIRES.contains(&name), "acquires");
    flag(SHARES_REFERENCE.contains(&name), "shares_reference");
    flag(might_sleep, "might_sleep");
    flag(pkt_access, "pkt_access");
    if let Some((_, callback)) = CALLBACKS.iter().find(|(helper, _)| *helper == name) {
        set.push(format!("callback: Some(Callback::{callback})"));
    }
    if set.is_empty() {
        "Effects::NONE".to_owned()
    } else {
        format!("Effects {{ {}, ..Effects::NONE }}", set.join(", "))
    }
}

/// Arguments that the helper writes to, although the prototypes of Linux 6.12 do not say so; those of 7.2 do.
const WRITES: [(&str, usize); 7] = [
    ("bpf_d_path", 2),
    ("bpf_read_branch_records", 2),
    ("bpf_skb_fib_lookup", 2),
    ("bpf_snprintf", 1),
    ("bpf_snprintf_btf", 1),
    ("bpf_sysctl_get_name", 2),
    ("bpf_xdp_fib_lookup", 2),
];

/// A `Proto` as Rust text.
fn contract(fields: &Fields) -> Result<String> {
    let mut args = Vec::new();
    for idx in 1..=5 {
        let Some(text) = fields.get(&format!("arg{idx}_type")) else {
            break;
        };
        if text == "ARG_DONTCARE" {
            break;
        }
        args.push(arg(text, idx, fields)?);
    }
    Ok(format!("Proto {{ ret: {}, args: &[{}] }}", ret(fields)?, args.join(", ")))
}

fn arg(text: &str, idx: usize, fields: &Fields) -> Result<String> {
    let mut flags: Vec<&str> = Vec::new();
    let mut base = "";
    let mut dynptr = "Any";
    for part in text.split(" | ") {
        match part {
            "PTR_MAYBE_NULL" => flags.push("NULLABLE"),
            "MEM_UNINIT" => flags.push("UNINIT"),
            "MEM_WRITE" => flags.push("WRITE"),
            "MEM_RDONLY" => flags.push("READ_ONLY"),
            "MEM_ALIGNED" => flags.push("ALIGNED"),
            "OBJ_RELEASE" => flags.push("RELEASE"),
            "DYNPTR_TYPE_LOCAL" => dynptr = "Local",
            "DYNPTR_TYPE_RINGBUF" => dynptr = "Ringbuf",
            part => base = part,
        }
    }
    if let Some(stem) = base.strip_suffix("_OR_NULL") {
        flags.push("NULLABLE");
        base = stem;
    }
    if base == "ARG_PTR_TO_UNINIT_MEM" {
        flags.extend(["UNINIT", "WRITE"]);
    }
    let function = fields.get("func").map_or("", String::as_str);
    if WRITES.contains(&(function, idx)) && !flags.contains(&"WRITE") {
        flags.push("WRITE");
    }
    let btf = || btf_struct(fields.get(&format!("arg{idx}_btf_id")));
    let kind = match base {
        "ARG_CONST_MAP_PTR" => "ConstMapPtr".to_owned(),
        "ARG_PTR_TO_MAP_KEY" => "MapKey".to_owned(),
        "ARG_PTR_TO_MAP_VALUE" => "MapValue".to_owned(),
        "ARG_PTR_TO_MEM" | "ARG_PTR_TO_UNINIT_MEM" => "Mem".to_owned(),
        "ARG_PTR_TO_FIXED_SIZE_MEM" => format!("FixedMem({})", fixed_size(idx, fields)?),
        "ARG_CONST_SIZE" => "ConstSize".to_owned(),
        "ARG_CONST_SIZE_OR_ZERO" => "ConstSizeOrZero".to_owned(),
        "ARG_CONST_ALLOC_SIZE_OR_ZERO" => "ConstAllocSize".to_owned(),
        "ARG_PTR_TO_CTX" => "Ctx".to_owned(),
        "ARG_ANYTHING" => "Anything".to_owned(),
        "ARG_PTR_TO_SPIN_LOCK" => "SpinLock".to_owned(),
        "ARG_PTR_TO_SOCK_COMMON" => "SockCommon".to_owned(),
        "ARG_PTR_TO_SOCKET" => "Socket".to_owned(),
        "ARG_PTR_TO_BTF_ID" => match btf()? {
            Some(name) => format!("BtfId(\"{name}\")"),
            None => "Kptr".to_owned(),
        },
        "ARG_PTR_TO_BTF_ID_SOCK_COMMON" => "BtfSockCommon".to_owned(),
        "ARG_PTR_TO_RINGBUF_MEM" => "RingbufMem".to_owned(),
        "ARG_PTR_TO_PERCPU_BTF_ID" => "PercpuBtfId".to_owned(),
        "ARG_PTR_TO_FUNC" => "Func".to_owned(),
        "ARG_PTR_TO_STACK" => "Stack".to_owned(),
        "ARG_PTR_TO_CONST_STR" => "ConstStr".to_owned(),
        "ARG_PTR_TO_TIMER" => "Timer".to_owned(),
        "ARG_KPTR_XCHG_DEST" => "KptrDest".to_owned(),
        "ARG_PTR_TO_DYNPTR" => format!("Dynptr(DynptrKind::{dynptr})"),
        _ => return Err(format!("unknown argument type {text}").into()),
    };
    flags.sort_unstable();
    let flags = match flags.as_slice() {
        [] => "F::NONE".to_owned(),
        [first, rest @ ..] => {
            rest.iter().fold(format!("F::{first}"), |text, flag| format!("{text}.with(F::{flag})"))
        }
    };
    Ok(format!("arg(A::{kind}, {flags})"))
}

fn fixed_size(idx: usize, fields: &Fields) -> Result<u32> {
    let text = fields.get(&format!("arg{idx}_size")).ok_or("fixed-size memory without a size")?;
    let row = SIZES.iter().find(|(c, _)| c == text).ok_or(format!("unknown size {text}"))?;
    Ok(row.1)
}

/// The struct behind a BTF id field; `None` where the verifier fills the id in from a kptr field.
fn btf_struct(field: Option<&String>) -> Result<Option<&'static str>> {
    let text = field.ok_or("a BTF argument without an id")?;
    if text == "BPF_PTR_POISON" {
        return Ok(None);
    }
    let list = text.trim_start_matches('&');
    let mut rows = BTF_IDS.iter().chain(&BTF_VARIABLES);
    let row = rows.find(|(c, _)| *c == list).ok_or(format!("unknown BTF id {text}"))?;
    Ok(Some(row.1))
}

fn ret(fields: &Fields) -> Result<String> {
    let text = fields.get("ret_type").map_or("RET_INTEGER", String::as_str);
    let mut is_nullable = text.contains("PTR_MAYBE_NULL");
    let is_read_only = text.contains("MEM_RDONLY");
    let mut base =
        text.split(" | ").find(|part| part.starts_with("RET_")).ok_or("no return type")?;
    if let Some(stem) = base.strip_suffix("_OR_NULL") {
        is_nullable = true;
        base = stem;
    }
    let is_trusted = base.ends_with("_TRUSTED");
    let kind = match base {
        "RET_INTEGER" => "Integer".to_owned(),
        "RET_VOID" => "Void".to_owned(),
        "RET_PTR_TO_MAP_VALUE" => "MapValue".to_owned(),
        "RET_PTR_TO_SOCKET" => "Socket".to_owned(),
        "RET_PTR_TO_TCP_SOCK" => "TcpSock".to_owned(),
        "RET_PTR_TO_SOCK_COMMON" => "SockCommon".to_owned(),
        "RET_PTR_TO_RINGBUF_MEM" => "RingbufMem".to_owned(),
        "RET_PTR_TO_DYNPTR_MEM" => "DynptrMem".to_owned(),
        "RET_PTR_TO_MEM_OR_BTF_ID" => "PercpuVariable".to_owned(),
        "RET_PTR_TO_BTF_ID" | "RET_PTR_TO_BTF_ID_TRUSTED" => {
            match btf_struct(fields.get("ret_btf_id"))? {
                Some(name) => format!("BtfId(\"{name}\")"),
                None => "Kptr".to_owned(),
            }
        }
        _ => return Err(format!("unknown return type {text}").into()),
    };
    let mut out = format!("{}(R::{kind})", if is_nullable { "nullable" } else { "ret" });
    if is_read_only {
        out = format!("Ret {{ is_read_only: true, ..{out} }}");
    }
    if is_trusted {
        out = format!("Ret {{ is_trusted: true, ..{out} }}");
    }
    Ok(out)
}

/// A `Signature` as Rust text, from the prototype in the comment that documents the helper.
fn signature(name: &str, uapi: &str) -> Result<String> {
    let needle = format!("bpf_{name}(");
    let at = uapi
        .match_indices(&needle)
        .map(|(at, _)| at)
        .find(|at| {
            let line = &uapi[uapi[..*at].rfind('\n').map_or(0, |start| start + 1)..*at];
            line.strip_prefix(" * ")
                .is_some_and(|head| head.starts_with(|c: char| c.is_ascii_lowercase()))
        })
        .ok_or("no prototype found")?;
    let line_start = uapi[..at].rfind('\n').map_or(0, |start| start + 1) + " * ".len();
    let close = at + uapi[at..].find(')').ok_or("an open parenthesis")?;
    let ret = c_type(&uapi[line_start..at])?;
    let params = uapi[at + needle.len()..close].replace("\n *", " ");
    let mut rows = Vec::new();
    let mut is_variadic = false;
    for (idx, param) in params.split(',').map(str::trim).enumerate() {
        match param {
            "void" => {}
            "..." => is_variadic = true,
            _ => {
                let (_, word) = words(param).last().ok_or("a parameter without a name")?;
                let ty = c_type(param.strip_suffix(word).ok_or("an odd parameter")?)?;
                let row = if idx == 0 && OVERLOADED.contains(&name) {
                    "param(\"ctx\", ptr(&VOID))".to_owned()
                } else {
                    format!("param(\"{word}\", {ty})")
                };
                rows.push(row);
            }
        }
    }
    Ok(format!(
        "Signature {{ ret: {ret}, params: &[{}], is_variadic: {is_variadic} }}",
        rows.join(", ")
    ))
}

/// A C type of a prototype as Rust text; kernel-internal structs give way to those that programs see.
fn c_type(text: &str) -> Result<String> {
    let text = text.trim();
    let stars = text.matches('*').count();
    let text = text.replace('*', " ");
    let is_const = text.trim().starts_with("const ");
    let base =
        text.trim().trim_start_matches("const ").split_whitespace().collect::<Vec<_>>().join(" ");
    let mut ty = match base.as_str() {
        "void" | "struct bpf_map" => "VOID".to_owned(),
        "char" => "CHAR".to_owned(),
        "int" => "INT".to_owned(),
        "long" => "LONG".to_owned(),
        "unsigned long" | "size_t" => "ULONG".to_owned(),
        "u16" => "U16".to_owned(),
        "u32" => "U32".to_owned(),
        "u64" => "U64".to_owned(),
        "s32" => "S32".to_owned(),
        "s64" => "S64".to_owned(),
        "__be16" => "BE16".to_owned(),
        "__be32" => "BE32".to_owned(),
        "__wsum" => "WSUM".to_owned(),
        "struct sk_buff" => "CType::Struct(\"__sk_buff\")".to_owned(),
        "struct sk_msg_buff" => "CType::Struct(\"sk_msg_md\")".to_owned(),
        "struct xdp_buff" => "CType::Struct(\"xdp_md\")".to_owned(),
        other => match other.strip_prefix("struct ") {
            Some(name) => format!("CType::Struct(\"{name}\")"),
            None => return Err(format!("unknown type {other}").into()),
        },
    };
    for level in 0..stars {
        let function = if is_const && level == 0 { "const_ptr" } else { "ptr" };
        ty = format!("{function}(&{ty})");
    }
    Ok(ty)
}
