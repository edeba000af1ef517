//! The tables are sorted, complete, and right in the rows everyone uses.

use bpfc_kabi::*;

#[test]
fn numbers_have_no_gaps_and_names_are_unique() {
    for (idx, row) in prog_types().iter().enumerate() {
        assert_eq!(row.ty.number() as usize, idx + 1);
        assert_eq!(ProgType::from_number(row.ty.number()), Some(row.ty));
        assert_eq!(ProgType::from_name(row.name), Some(row.ty));
    }
    for (idx, row) in attach_types().iter().enumerate() {
        assert_eq!(row.ty.number() as usize, idx);
        assert_eq!(AttachType::from_number(row.ty.number()), Some(row.ty));
        assert_eq!(AttachType::from_name(row.name), Some(row.ty));
    }
    for (idx, row) in map_types().iter().enumerate() {
        assert_eq!(row.ty.number() as usize, idx + 1);
        assert_eq!(MapType::from_number(row.ty.number()), Some(row.ty));
        assert_eq!(MapType::from_name(row.name), Some(row.ty));
    }
    for (idx, row) in helpers().iter().enumerate() {
        assert_eq!(row.id as usize, idx + 1);
        assert_eq!(helper(row.name).map(|found| found.id), Some(row.id));
    }
    assert_eq!(ProgType::from_number(0), None);
    assert_eq!(MapType::from_number(1000), None);
    assert!(
        helper_by_id(0).is_none()
            && helper_by_id(u32::MAX).is_none()
            && helper("bpf_nope").is_none()
    );
}

#[test]
fn tables_cover_uapi() {
    assert_eq!(prog_types().len(), 32);
    assert_eq!(ProgType::Netfilter.number(), 32);
    assert_eq!(MapType::Arena.number(), 33);
    assert_eq!(AttachType::TcxIngress.number(), 46);
    assert_eq!(helpers().len(), 211);
    assert_eq!(helper_names().len(), 211);
    assert!(helper_names().is_sorted());
    assert_eq!(sections().len(), 117 - 1);
    assert!(sections().is_sorted_by(|left, right| left.name < right.name));
}

#[test]
fn every_section_is_found_and_older_than_its_attach_type_never() {
    for row in sections() {
        let found = parse_section(row.name).unwrap();
        assert_eq!(found.def, row);
        let with_target = format!("{}/a/b", row.name);
        let found = parse_section(&with_target).filter(|found| found.def == row);
        assert_eq!(found.is_some(), row.target != TargetRule::Forbidden, "{}", row.name);
    }
}

#[test]
fn signatures_print_as_in_the_kernel_documentation() {
    let text = |name: &str| helper(name).unwrap().to_string();
    assert_eq!(
        text("bpf_map_lookup_elem"),
        "void *bpf_map_lookup_elem(void *map, const void *key)"
    );
    assert_eq!(
        text("bpf_map_update_elem"),
        "long bpf_map_update_elem(void *map, const void *key, const void *value, __u64 flags)"
    );
    assert_eq!(
        text("bpf_trace_printk"),
        "long bpf_trace_printk(const char *fmt, __u32 fmt_size, ...)"
    );
    assert_eq!(text("bpf_ktime_get_ns"), "__u64 bpf_ktime_get_ns(void)");
    assert_eq!(text("bpf_get_socket_cookie"), "__u64 bpf_get_socket_cookie(void *ctx)");
    assert_eq!(
        text("bpf_get_current_task_btf"),
        "struct task_struct *bpf_get_current_task_btf(void)"
    );
    assert_eq!(
        text("bpf_skb_load_bytes"),
        "long bpf_skb_load_bytes(const void *skb, __u32 offset, void *to, __u32 len)"
    );
    assert_eq!(
        text("bpf_for_each_map_elem"),
        "long bpf_for_each_map_elem(void *map, void *callback_fn, void *callback_ctx, __u64 flags)"
    );
    assert_eq!(
        text("bpf_redirect_map"),
        "long bpf_redirect_map(void *map, __u64 key, __u64 flags)"
    );
}

#[test]
fn contracts_fit_their_signatures() {
    for row in helpers() {
        let protos = std::iter::once(&row.proto).chain(row.variants.iter().map(|(_, proto)| proto));
        for proto in protos {
            // Where C has more parameters the kernel ignores the rest (`bpf_get_cgroup_classid`).
            assert!(proto.args.len() <= row.signature.params.len(), "{}", row.name);
            // Not the other way round: C sees a result of `bpf_tail_call`, the verifier knows that none is usable.
            if row.signature.ret == CType::Void && row.name != "bpf_set_hash_invalid" {
                assert_eq!(proto.ret.kind, RetKind::Void, "{}", row.name);
            }
            for (idx, arg) in proto.args.iter().enumerate() {
                let is_size = matches!(arg.kind, ArgKind::ConstSize | ArgKind::ConstSizeOrZero);
                let follows_memory = idx > 0 && proto.args[idx - 1].kind == ArgKind::Mem;
                assert_eq!(is_size, follows_memory, "{} argument {}", row.name, idx + 1);
            }
        }
    }
}

#[test]
fn permissions_are_the_kernel_s() {
    let may = |name: &str, prog| helper(name).unwrap().is_allowed(prog, None);
    let comm = helper("bpf_get_current_comm").unwrap();
    assert!(comm.is_allowed(ProgType::Xdp, Some(KernelVersion::new(6, 16))));
    assert!(!comm.is_allowed(ProgType::Xdp, Some(KernelVersion::new(6, 12))));
    assert!(comm.is_allowed(ProgType::Kprobe, Some(KernelVersion::new(4, 2))));
    assert!(!comm.is_allowed(ProgType::Kprobe, Some(KernelVersion::new(4, 1))));
    assert!(
        !may("bpf_get_retval", ProgType::CgroupSkb)
            && may("bpf_get_retval", ProgType::CgroupDevice)
    );
    assert!(
        may("bpf_xdp_adjust_head", ProgType::Xdp)
            && !may("bpf_xdp_adjust_head", ProgType::SchedCls)
    );
    assert!(
        may("bpf_skb_store_bytes", ProgType::SchedCls)
            && !may("bpf_skb_store_bytes", ProgType::SocketFilter)
    );
    assert!(may("bpf_probe_read", ProgType::Tracing) && may("bpf_probe_read", ProgType::Lsm));
    assert!(!may("bpf_probe_read", ProgType::Xdp));
    assert!(
        may("bpf_override_return", ProgType::Kprobe)
            && !may("bpf_override_return", ProgType::Tracepoint)
    );
    assert!(may("bpf_d_path", ProgType::Tracing) && !may("bpf_d_path", ProgType::Kprobe));
    assert!(may("bpf_map_lookup_elem", ProgType::LircMode2));
    assert!(
        helper("bpf_probe_read_kernel").unwrap().gpl_only
            && !helper("bpf_map_lookup_elem").unwrap().gpl_only
    );
    assert!(helper("bpf_copy_from_user").unwrap().effects.might_sleep);
    assert!(helper("bpf_xdp_adjust_head").unwrap().effects.changes_packet);
    assert_eq!(helper("bpf_ringbuf_submit").unwrap().released_arg(), Some(0));
    assert_eq!(helper("bpf_sk_release").unwrap().released_arg(), Some(0));
}

#[test]
fn kernel_functions_are_found_with_flags() {
    assert!(kfuncs().is_sorted_by(|left, right| left.name < right.name));
    let next = kfunc("bpf_iter_num_next").unwrap();
    assert!(next.flags.has(KfuncFlags::ITER_NEXT.with(KfuncFlags::RET_NULL)));
    assert_eq!(next.since, Some(KernelVersion::new(6, 4)));
    assert!(kfunc("bpf_task_acquire").unwrap().flags.has(KfuncFlags::ACQUIRE));
    assert!(kfunc("bpf_task_release").unwrap().flags.has(KfuncFlags::RELEASE));
    assert!(kfunc("bpf_no_such_thing").is_none());
}
