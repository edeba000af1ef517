//! Real headers parse without a syntax error.

use crate::support::{Disk, reports, session};
use bpfc_parser::{NoTypeNames, PpOptions, parse};
use std::path::Path;
use std::process::Command;

/// Parses `text`; what was reported.
fn errors(name: &str, text: &str, directories: &[&str]) -> Vec<String> {
    let (mut session, file) = session(name, text);
    let mut disk = Disk { directories: directories.iter().map(|&d| d.into()).collect() };
    let options = PpOptions::default();
    parse(&mut session, file, &options, &mut disk, &mut NoTypeNames);
    reports(&session)
}

#[test]
fn linux_uapi_headers() {
    let directories = ["/usr/include", "/usr/include/x86_64-linux-gnu"];
    if !Path::new("/usr/include/linux/bpf.h").exists() {
        bpfc_testkit::skipped("no kernel headers in /usr/include/linux");
        return;
    }
    let mut failures = Vec::new();
    for name in [
        "bpf.h",
        "bpf_common.h",
        "btf.h",
        "filter.h",
        "fs.h",
        "if_ether.h",
        "if_link.h",
        "if_packet.h",
        "if_tun.h",
        "in.h",
        "in6.h",
        "io_uring.h",
        "ip.h",
        "ipv6.h",
        "icmp.h",
        "icmpv6.h",
        "kvm.h",
        "mman.h",
        "netlink.h",
        "nl80211.h",
        "perf_event.h",
        "pkt_cls.h",
        "pkt_sched.h",
        "ptrace.h",
        "rtnetlink.h",
        "sched.h",
        "seccomp.h",
        "socket.h",
        "stat.h",
        "tcp.h",
        "time.h",
        "types.h",
        "udp.h",
        "unistd.h",
        "vhost.h",
        "videodev2.h",
        "xfrm.h",
        "usb/ch9.h",
        "input.h",
        "netfilter/nf_tables.h",
        "netfilter_ipv4/ip_tables.h",
    ] {
        let path = Path::new("/usr/include/linux").join(name);
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        // A guard or a directory of other architectures may differ; the syntax may not.
        let found = errors(&path.to_string_lossy(), &text, &directories);
        failures.extend(found.into_iter().filter(|report| report.contains(": E02")));
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn dumped_vmlinux_header() {
    let btf = Path::new("/sys/kernel/btf/vmlinux");
    let dump = Command::new("bpftool")
        .args(["btf", "dump", "file"])
        .arg(btf)
        .args(["format", "c"])
        .output();
    let Ok(dump) = dump else {
        bpfc_testkit::skipped("bpftool is not installed");
        return;
    };
    if !dump.status.success() || !btf.exists() {
        bpfc_testkit::skipped("the kernel has no BTF");
        return;
    }
    let text = String::from_utf8(dump.stdout).unwrap();
    let found = errors("vmlinux.h", &text, &[]);
    assert!(found.is_empty(), "{found:#?}");
}
