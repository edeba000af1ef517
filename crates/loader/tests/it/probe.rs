//! Probing, on the running kernel.

use crate::support::kernel;
use bpfc_kabi::ProgType;
use bpfc_loader::{Finding, Group, Kernel, Verdict, probe, probe_helpers};

fn verdict<'a>(findings: &'a [Finding], name: &str) -> &'a Verdict {
    let mut found = findings.iter().filter(|finding| finding.name == name);
    &found.next().unwrap_or_else(|| panic!("{name} was tried")).verdict
}

#[test]
fn findings_fit_the_kernel() {
    let Some(kernel) = kernel() else { return };
    let findings = probe(&kernel);
    for finding in &findings {
        println!("{:?} {}: {:?}", finding.group, finding.name, finding.verdict);
    }
    for name in [
        "v1",
        "BPF_MAP_TYPE_HASH",
        "BPF_MAP_TYPE_LPM_TRIE",
        "BPF_PROG_TYPE_XDP",
        "BPF_PROG_TYPE_KPROBE",
        "bounded loops",
        "global data",
        "ring buffers",
        "XDP links",
    ] {
        assert_eq!(verdict(&findings, name), &Verdict::Yes, "{name}");
    }
    let version = kernel.version().unwrap();
    for finding in &findings {
        let is_newer = finding.since.is_some_and(|since| since > version);
        let is_type = matches!(finding.group, Group::Map | Group::Program);
        if is_newer && is_type {
            assert!(!finding.verdict.is_yes(), "{}", finding.name);
        }
    }
    let has_kprobes = kernel.config_value("CONFIG_KPROBES") != Some("n");
    assert_eq!(verdict(&findings, "kprobes").is_yes(), has_kprobes);
}

#[test]
fn groups_come_in_order() {
    let findings = probe(&Kernel::new());
    assert!(findings.is_sorted_by_key(|finding| finding.group));
}

#[test]
fn helpers_belong_to_program_types() {
    let Some(kernel) = kernel() else { return };
    for (ty, has, lacks) in [
        (ProgType::Xdp, "bpf_xdp_adjust_head", "bpf_skb_load_bytes"),
        (ProgType::SchedCls, "bpf_skb_load_bytes", "bpf_xdp_adjust_head"),
        (ProgType::Kprobe, "bpf_probe_read", "bpf_skb_load_bytes"),
    ] {
        let callable = probe_helpers(&kernel, ty).unwrap();
        let is_callable = |name| callable.iter().any(|helper| helper.name == name);
        assert!(is_callable(has), "{has} from {ty:?}");
        assert!(!is_callable(lacks), "{lacks} from {ty:?}");
        assert!(is_callable("bpf_map_lookup_elem"));
    }
}
