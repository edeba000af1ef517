//! Probing, on the running kernel.

use crate::support::kernel;
use bpfc_kabi::ProgType;
use bpfc_loader::{
    Callees, Finding, Group, Kernel, Verdict, kernel_functions, mechanisms, probe, probe_calls,
    probe_helpers,
};

fn verdict<'a>(findings: &'a [Finding], group: Group, name: &str) -> &'a Verdict {
    let mut found =
        findings.iter().filter(|finding| finding.group == group && finding.name == name);
    &found.next().unwrap_or_else(|| panic!("{name} was tried")).verdict
}

#[test]
fn findings_fit_the_kernel() {
    let Some(kernel) = kernel() else { return };
    let findings = probe(&kernel, &Group::ALL);
    for (group, name) in [
        (Group::Isa, "v1"),
        (Group::Map, "hash"),
        (Group::Map, "lpm_trie"),
        (Group::Program, "xdp"),
        (Group::Program, "kprobe"),
        (Group::Feature, "bounded_loops"),
        (Group::Feature, "global_data"),
        (Group::Feature, "ring_buffers"),
        (Group::Attach, "xdp"),
        (Group::Attach, "cgroup"),
        (Group::Attach, "socket"),
        (Group::TestRun, "xdp"),
        (Group::Btf, "func_info"),
        (Group::Btf, "line_info"),
    ] {
        assert_eq!(verdict(&findings, group, name), &Verdict::Yes, "{name}");
    }
    let tracepoints = verdict(&findings, Group::TestRun, "tracepoint");
    assert!(matches!(tracepoints, Verdict::No { .. }), "{tracepoints:?}");
    let version = kernel.version().unwrap();
    for finding in &findings {
        let is_newer = finding.since.is_some_and(|since| since > version);
        let is_type = matches!(finding.group, Group::Map | Group::Program);
        if is_newer && is_type {
            assert!(!finding.verdict.is_yes(), "{}", finding.name);
        }
    }
    let has_kprobes = kernel.config_value("CONFIG_KPROBE_EVENTS") != Some("n");
    assert_eq!(verdict(&findings, Group::Attach, "kprobe").is_yes(), has_kprobes);
}

#[test]
fn findings_have_names_of_their_own_and_reasons() {
    let findings = probe(&Kernel::new(), &Group::ALL);
    assert!(findings.is_sorted_by_key(|finding| finding.group));
    let mut ids: Vec<_> = findings.iter().map(|found| (found.group, found.name.clone())).collect();
    let n_all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), n_all);
    for finding in &findings {
        assert!(!finding.name.contains([' ', ':', '@']), "{}", finding.name);
        if let Verdict::No { reason, .. } | Verdict::Unknown { reason, .. } = &finding.verdict {
            assert!(!reason.is_empty(), "{}", finding.name);
        }
    }
    let n_attach = findings.iter().filter(|found| found.group == Group::Attach).count();
    assert_eq!(n_attach, mechanisms().len());
}

#[test]
fn probing_leaves_nothing_behind() {
    let Some(kernel) = kernel() else { return };
    let n_open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    probe(&kernel, &[Group::Map]);
    let before = n_open();
    probe(&kernel, &[Group::Map, Group::Isa, Group::Btf]);
    probe_helpers(&kernel, ProgType::Xdp);
    // Other tests of this process open files, too: those of a probe would be hundreds.
    assert!(n_open() < before + 20);
}

#[test]
fn helpers_belong_to_program_types() {
    let Some(kernel) = kernel() else { return };
    for (ty, has, lacks) in [
        (ProgType::Xdp, "bpf_xdp_adjust_head", "bpf_skb_load_bytes"),
        (ProgType::SchedCls, "bpf_skb_load_bytes", "bpf_xdp_adjust_head"),
        (ProgType::Kprobe, "bpf_probe_read", "bpf_skb_load_bytes"),
        (ProgType::Syscall, "bpf_sys_bpf", "bpf_redirect"),
    ] {
        let callable = probe_helpers(&kernel, ty).unwrap();
        let is_callable = |name| callable.iter().any(|helper| helper.name == name);
        assert!(is_callable(has), "{has} from {ty:?}");
        assert!(!is_callable(lacks), "{lacks} from {ty:?}");
        assert!(is_callable("bpf_map_lookup_elem"));
    }
}

#[test]
fn kernel_functions_belong_to_program_types() {
    let Some(kernel) = kernel() else { return };
    let functions = kernel_functions(&kernel);
    let is_there = |name| functions.iter().any(|function| function.name == name);
    if !is_there("bpf_cpumask_create") || !is_there("bpf_dynptr_from_xdp") {
        bpfc_testkit::skipped("this kernel lacks the functions");
        return;
    }
    let calls = probe_calls(&kernel, &[ProgType::Xdp, ProgType::Tracing], Callees::Kfuncs);
    let [xdp, tracing] = calls.as_slice() else { panic!("two rows") };
    assert_eq!((xdp.prog_type, tracing.prog_type), (ProgType::Xdp, ProgType::Tracing));
    let has = |row: &bpfc_loader::Calls, name: &str| {
        row.kfuncs.as_ref().unwrap().iter().any(|found| found == name)
    };
    assert!(has(xdp, "bpf_dynptr_from_xdp") && !has(tracing, "bpf_dynptr_from_xdp"));
    assert!(has(tracing, "bpf_cpumask_create") && !has(xdp, "bpf_cpumask_create"));
}

#[test]
fn every_type_is_tried() {
    let findings = probe(&Kernel::new(), &[Group::Map, Group::Program]);
    let count = |group| findings.iter().filter(|found| found.group == group).count();
    assert_eq!(count(Group::Map), bpfc_kabi::map_types().len());
    assert_eq!(count(Group::Program), bpfc_kabi::prog_types().len());
    for name in ["socket_filter", "hash"] {
        assert!(findings.iter().any(|found| found.name == name), "{name}");
    }
}
