//! Contexts: layouts are well-formed, accesses are judged as the kernel judges them.

use bpfc_kabi::AccessOp::{Read, Write};
use bpfc_kabi::{
    AttachType, ContextKind, CtxFault, CtxValue, ExitRule, ObjectKind, ProgType, access_ctx,
    access_object, context_of, exit_rule, object_context, prog_types,
};

#[test]
fn fields_are_sorted_and_inside() {
    let mut contexts =
        vec![object_context(ObjectKind::TcpSock), object_context(ObjectKind::FlowKeys)];
    for row in prog_types() {
        if let ContextKind::Struct(context) = context_of(row.ty) {
            contexts.push(context);
        }
    }
    for context in contexts {
        for pair in context.fields.windows(2) {
            assert!(pair[0].end() <= pair[1].offset, "{}: {}", context.struct_name, pair[1].name);
        }
        for field in context.fields {
            assert!(field.end() <= context.size_bytes);
            assert_eq!(context.field_at(field.offset), Some(field));
            assert!(field.offset.is_multiple_of(field.element_bytes().min(8)));
        }
    }
}

#[test]
fn full_size_reads_of_readable_fields_succeed() {
    for row in prog_types() {
        let ContextKind::Struct(context) = context_of(row.ty) else {
            continue;
        };
        for field in context.fields {
            for size in [1, 2, 4, 8] {
                if let Ok(value) = access_ctx(row.ty, None, field.offset, size, Read) {
                    assert!(size == field.element_bytes() || value == CtxValue::Scalar);
                }
            }
        }
    }
}

#[test]
fn xdp_fields_are_words() {
    let access =
        |offset, size, op| access_ctx(ProgType::Xdp, Some(AttachType::Xdp), offset, size, op);
    assert_eq!(access(0, 4, Read), Ok(CtxValue::Packet));
    assert_eq!(access(4, 4, Read), Ok(CtxValue::PacketEnd));
    assert_eq!(access(8, 4, Read), Ok(CtxValue::PacketMeta));
    assert!(matches!(access(0, 8, Read), Err(CtxFault::Size(_))));
    assert!(matches!(access(12, 2, Read), Err(CtxFault::Size(_))));
    assert!(matches!(access(12, 4, Write), Err(CtxFault::ReadOnly(_))));
    assert!(matches!(access(20, 4, Read), Err(CtxFault::Denied(_))));
    assert_eq!(access(24, 4, Read), Err(CtxFault::NoField));
    assert_eq!(access(2, 4, Read), Err(CtxFault::Misaligned));
    let devmap = access_ctx(ProgType::Xdp, Some(AttachType::XdpDevmap), 20, 4, Read);
    assert_eq!(devmap, Ok(CtxValue::Scalar));
}

#[test]
fn skb_rules_differ_by_program_type() {
    let ContextKind::Struct(skb) = context_of(ProgType::SchedCls) else { panic!("a struct") };
    let at = |name: &str| skb.field(name).unwrap().offset;
    let access = |prog, name: &str, size, op| access_ctx(prog, None, at(name), size, op);
    assert_eq!(access(ProgType::SchedCls, "data", 4, Read), Ok(CtxValue::Packet));
    assert!(matches!(access(ProgType::SocketFilter, "data", 4, Read), Err(CtxFault::Denied(_))));
    assert_eq!(access(ProgType::SchedCls, "mark", 4, Write), Ok(CtxValue::Scalar));
    assert!(matches!(access(ProgType::SchedCls, "mark", 2, Write), Err(CtxFault::Size(_))));
    assert_eq!(access(ProgType::SchedCls, "protocol", 2, Read), Ok(CtxValue::Scalar));
    assert!(matches!(access(ProgType::SchedCls, "len", 4, Write), Err(CtxFault::ReadOnly(_))));
    assert_eq!(access(ProgType::SocketFilter, "cb", 8, Write), Ok(CtxValue::Scalar));
    assert_eq!(access(ProgType::SchedCls, "sk", 8, Read), Ok(CtxValue::SockCommonOrNull));
    assert_eq!(access(ProgType::FlowDissector, "flow_keys", 8, Read), Ok(CtxValue::FlowKeys));
    assert!(matches!(access(ProgType::SchedCls, "flow_keys", 8, Read), Err(CtxFault::Denied(_))));
    assert_eq!(access(ProgType::SchedCls, "tstamp", 8, Write), Ok(CtxValue::Scalar));
    assert!(matches!(access(ProgType::SchedCls, "remote_ip4", 4, Read), Err(CtxFault::Denied(_))));
    assert_eq!(access(ProgType::CgroupSkb, "remote_ip4", 4, Read), Ok(CtxValue::Scalar));
    assert_eq!(
        access_ctx(ProgType::SchedCls, None, at("tstamp_type") + 1, 1, Read),
        Err(CtxFault::NoField)
    );
}

#[test]
fn addresses_belong_to_their_attach_type() {
    let access = |attach, offset, size| {
        access_ctx(ProgType::CgroupSockAddr, Some(attach), offset, size, Write)
    };
    assert_eq!(access(AttachType::CgroupInet4Connect, 4, 4), Ok(CtxValue::Scalar));
    assert!(matches!(access(AttachType::CgroupInet6Connect, 4, 4), Err(CtxFault::Denied(_))));
    assert_eq!(access(AttachType::CgroupInet6Connect, 8, 8), Ok(CtxValue::Scalar));
    assert!(matches!(access(AttachType::CgroupInet6Connect, 0, 4), Err(CtxFault::ReadOnly(_))));
}

#[test]
fn tracing_contexts_are_read_only() {
    assert_eq!(access_ctx(ProgType::Kprobe, None, 112, 8, Read), Ok(CtxValue::Scalar));
    assert!(access_ctx(ProgType::Kprobe, None, 112, 8, Write).is_err());
    assert!(access_ctx(ProgType::Kprobe, None, 168, 8, Read).is_err());
    assert!(access_ctx(ProgType::Tracepoint, None, 0, 8, Read).is_err());
    assert!(access_ctx(ProgType::Tracepoint, None, 8, 8, Read).is_ok());
    assert!(access_ctx(ProgType::Tracing, None, 88, 8, Read).is_ok());
    assert!(access_ctx(ProgType::Tracing, None, 96, 8, Read).is_err());
    assert_eq!(
        access_ctx(ProgType::RawTracepointWritable, None, 0, 8, Read),
        Ok(CtxValue::TracepointBuffer)
    );
    assert_eq!(access_ctx(ProgType::Netfilter, None, 8, 8, Read), Ok(CtxValue::Btf("sk_buff")));
    assert!(access_ctx(ProgType::Syscall, None, 0xfff8, 8, Write).is_err());
    assert!(access_ctx(ProgType::Syscall, None, 0xfff0, 8, Write).is_ok());
    assert!(access_ctx(ProgType::Xdp, None, u32::MAX - 3, 4, Read).is_err());
}

#[test]
fn objects_are_read_by_field() {
    assert!(access_object(ObjectKind::Socket, 8, 4, Read).is_ok());
    assert!(matches!(access_object(ObjectKind::SockCommon, 8, 4, Read), Err(CtxFault::Denied(_))));
    assert!(matches!(access_object(ObjectKind::Socket, 4, 4, Write), Err(CtxFault::ReadOnly(_))));
    assert!(access_object(ObjectKind::FlowKeys, 3, 2, Write).is_ok());
    assert!(access_object(ObjectKind::FlowKeys, 54, 4, Read).is_err());
}

#[test]
fn exit_values() {
    assert_eq!(exit_rule(ProgType::Xdp, None), ExitRule::Any);
    assert_eq!(
        exit_rule(ProgType::CgroupSkb, Some(AttachType::CgroupInetEgress)),
        ExitRule::Range(0, 3)
    );
    assert_eq!(
        exit_rule(ProgType::CgroupSkb, Some(AttachType::CgroupInetIngress)),
        ExitRule::Range(0, 1)
    );
    assert_eq!(exit_rule(ProgType::Tracing, Some(AttachType::TraceFentry)), ExitRule::Range(0, 0));
    assert_eq!(exit_rule(ProgType::Lsm, Some(AttachType::LsmMac)), ExitRule::LsmHook);
    assert_eq!(exit_rule(ProgType::SkLookup, Some(AttachType::SkLookup)), ExitRule::Range(0, 1));
}
