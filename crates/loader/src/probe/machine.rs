//! The machine, the user's rights, and the kernel's settings and configuration.

use super::facts::{Capability, sysctl_text};
use super::verdict::{Finding, Group, Needs, Prober, Verdict};
use crate::explain::of_program;
use bpfc_kabi::ProgType;

fn finding(group: Group, name: &str, title: &'static str, verdict: Verdict) -> Finding {
    Finding { group, name: name.to_owned(), title: Some(title), verdict, since: None }
}

/// The kernel and its compiler.
pub(super) fn system(prober: &Prober<'_>) -> Vec<Finding> {
    let add = |name, title, verdict| finding(Group::System, name, title, verdict);
    let kernel = prober.kernel;
    let needs = Needs {
        since: None,
        options: &["CONFIG_BPF_SYSCALL"],
        capabilities: of_program(ProgType::SocketFilter),
    };
    let compiled = super::btf::is_compiled(prober);
    let syscall = match compiled {
        Err(errno) if errno == crate::Errno(libc::ENOSYS) => prober.refused(errno, needs),
        _ => Verdict::Yes,
    };
    let jit = match (compiled, sysctl_text("net/core/bpf_jit_enable").as_deref()) {
        (Ok(true), _) | (_, Some("1" | "2")) => Verdict::Yes,
        (Ok(false), _) | (_, Some("0")) => Verdict::no(
            "programs are interpreted, as net.core.bpf_jit_enable is 0",
            "sysctl net.core.bpf_jit_enable=1",
        ),
        (Err(errno), _) => prober.refused(errno, needs),
    };
    let number = |count: Option<usize>| match count {
        Some(count) => Verdict::value(count),
        None => Verdict::unknown("sysfs is not mounted"),
    };
    vec![
        add("linux", "release", Verdict::value(kernel.release())),
        add("arch", "machine", Verdict::value(std::env::consts::ARCH)),
        add("cpus", "CPUs at work", number(kernel.online_cpus().ok().map(|cpus| cpus.len()))),
        add(
            "possible_cpus",
            "CPUs that may ever be there",
            number(kernel.n_possible_cpus().ok().map(|count| count as usize)),
        ),
        add("bpf", "the bpf system call", syscall),
        add("jit", "programs become machine code", jit),
    ]
}

/// Capabilities and what forbids.
pub(super) fn rights(prober: &Prober<'_>) -> Vec<Finding> {
    let facts = prober.facts();
    let add = |name: &str, title, verdict| finding(Group::Rights, name, title, verdict);
    let mut findings = Vec::new();
    for capability in Capability::ALL {
        let verdict = match facts.capabilities {
            None => Verdict::unknown("the kernel does not tell"),
            Some(mask) if mask >> (capability as u8) & 1 == 1 => Verdict::Yes,
            Some(_) if facts.has(capability) => {
                Verdict::Value { value: "as CAP_SYS_ADMIN".into(), meaning: None }
            }
            Some(_) if facts.is_root => Verdict::no(
                "this process does not have it, although it is root",
                "start the container or service with it",
            ),
            Some(_) => Verdict::no(
                "this user does not have it",
                "run it as root, or `setcap` it to the program",
            ),
        };
        findings.push(add(&capability.name().to_ascii_lowercase(), purpose(capability), verdict));
    }
    findings.push(add(
        "initial_user_namespace",
        "capabilities count",
        match facts.is_initial_namespace {
            Some(true) => Verdict::Yes,
            Some(false) => Verdict::no(
                "BPF does not count the capabilities of a user namespace",
                "run it outside of the container or of `unshare --user`",
            ),
            None => Verdict::unknown("`/proc` is not mounted"),
        },
    ));
    findings.push(add(
        "no_seccomp",
        "no filter of system calls",
        match facts.seccomp {
            Some(0) => Verdict::Yes,
            Some(_) => Verdict::no(
                "a filter of system calls is in place, which may forbid `bpf`",
                "run it with `--security-opt seccomp=unconfined`, or outside of the container",
            ),
            None => Verdict::unknown("the kernel does not tell"),
        },
    ));
    findings.push(add(
        "unprivileged",
        "programs of users without rights",
        match facts.unprivileged_bpf_disabled {
            Some(0) => Verdict::Yes,
            Some(1) => Verdict::no(
                "kernel.unprivileged_bpf_disabled is 1, until the next boot",
                "boot with it set to 0; usual systems keep it closed",
            ),
            Some(value) => Verdict::no(
                format!("kernel.unprivileged_bpf_disabled is {value}"),
                "sysctl kernel.unprivileged_bpf_disabled=0; usual systems keep it closed",
            ),
            None => Verdict::unknown("`/proc/sys` cannot be read"),
        },
    ));
    findings.push(add(
        "lockdown",
        "how far the kernel is closed to root",
        match facts.lockdown {
            Some(mode) => Verdict::value(mode),
            None => Verdict::unknown("securityfs is not mounted, and this user cannot mount it"),
        },
    ));
    findings.push(add(
        "security_modules",
        "security modules at work",
        match &facts.security_modules {
            Some(names) => Verdict::value(names.join(",")),
            None => Verdict::unknown("securityfs is not mounted, and this user cannot mount it"),
        },
    ));
    findings.extend(limits(prober));
    findings
}

fn purpose(capability: Capability) -> &'static str {
    match capability {
        Capability::Bpf => "programs and maps (Linux 5.8)",
        Capability::Perfmon => "tracing programs (Linux 5.8)",
        Capability::NetAdmin => "network programs",
        Capability::NetRaw => "raw sockets, for socket filters",
        Capability::SysAdmin => "everything before Linux 5.8; mounts; lists of all objects",
        Capability::SysResource => "locked memory before Linux 5.11",
        Capability::Syslog => "addresses of kernel symbols",
    }
}

fn limits(prober: &Prober<'_>) -> Vec<Finding> {
    let facts = prober.facts();
    let limit = |limit: Option<u64>| match limit {
        Some(limit) => Verdict::value(limit),
        None => Verdict::value("unlimited"),
    };
    let add = |name, title, verdict| finding(Group::Rights, name, title, verdict);
    vec![
        add(
            "memlock",
            "RLIMIT_MEMLOCK in bytes, which counts before Linux 5.11",
            limit(facts.locked_memory_limit),
        ),
        add("nofile", "RLIMIT_NOFILE", limit(facts.open_files_limit)),
    ]
}

/// Name below `/proc/sys`, what it is, and what some values mean.
type Setting = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const SETTINGS: [Setting; 14] = [
    (
        "kernel/unprivileged_bpf_disabled",
        "who may load programs",
        &[
            ("0", "everyone, some types"),
            ("1", "CAP_BPF, until the next boot"),
            ("2", "CAP_BPF, root may change it"),
        ],
    ),
    (
        "kernel/perf_event_paranoid",
        "what users without CAP_PERFMON may watch",
        &[
            ("-1", "everything"),
            ("0", "CPUs and their own processes"),
            ("1", "their own processes"),
            ("2", "their own processes, user space only"),
        ],
    ),
    ("kernel/perf_event_max_sample_rate", "samples a second, at most", &[]),
    ("kernel/perf_event_mlock_kb", "KiB of a perf buffer without CAP_IPC_LOCK", &[]),
    ("kernel/perf_event_max_stack", "frames of a stack", &[]),
    (
        "kernel/kptr_restrict",
        "who sees kernel addresses",
        &[("0", "CAP_SYSLOG"), ("1", "CAP_SYSLOG"), ("2", "nobody")],
    ),
    (
        "kernel/bpf_stats_enabled",
        "run times of programs",
        &[("0", "not counted"), ("1", "counted")],
    ),
    ("kernel/ftrace_enabled", "function tracing", &[("0", "off: no fentry"), ("1", "on")]),
    (
        "net/core/bpf_jit_enable",
        "machine code",
        &[("0", "off"), ("1", "on"), ("2", "on, and shown in the log")],
    ),
    (
        "net/core/bpf_jit_harden",
        "blinded constants",
        &[("0", "off"), ("1", "for users without CAP_BPF"), ("2", "for everyone")],
    ),
    (
        "net/core/bpf_jit_kallsyms",
        "names of programs in stacks",
        &[("0", "off"), ("1", "for root")],
    ),
    ("net/core/bpf_jit_limit", "bytes of machine code of users without CAP_BPF", &[]),
    ("net/core/optmem_max", "bytes of a socket's filter and options", &[]),
    ("debug/kprobes-optimization", "kprobes by jumps", &[("0", "off"), ("1", "on")]),
];

/// Limits and switches.
pub(super) fn settings(_: &Prober<'_>) -> Vec<Finding> {
    let findings = SETTINGS.iter().map(|(path, title, meanings)| {
        let name = path.replace('/', ".");
        let verdict = match sysctl_text(path) {
            Some(value) => {
                let meaning = meanings.iter().find(|(known, _)| *known == value);
                Verdict::Value { value, meaning: meaning.map(|(_, words)| *words) }
            }
            None => Verdict::unknown(format!("`/proc/sys/{path}` cannot be read")),
        };
        finding(Group::Settings, &name, title, verdict)
    });
    findings.collect()
}

/// Options that BPF programs meet.
const OPTIONS: [&str; 51] = [
    "CONFIG_BPF",
    "CONFIG_BPF_SYSCALL",
    "CONFIG_HAVE_EBPF_JIT",
    "CONFIG_BPF_JIT",
    "CONFIG_BPF_JIT_ALWAYS_ON",
    "CONFIG_BPF_UNPRIV_DEFAULT_OFF",
    "CONFIG_BPF_LSM",
    "CONFIG_BPF_EVENTS",
    "CONFIG_BPF_KPROBE_OVERRIDE",
    "CONFIG_BPF_LIRC_MODE2",
    "CONFIG_BPF_STREAM_PARSER",
    "CONFIG_DEBUG_INFO_BTF",
    "CONFIG_DEBUG_INFO_BTF_MODULES",
    "CONFIG_MODULE_ALLOW_BTF_MISMATCH",
    "CONFIG_MODULES",
    "CONFIG_CGROUPS",
    "CONFIG_CGROUP_BPF",
    "CONFIG_CGROUP_NET_CLASSID",
    "CONFIG_SOCK_CGROUP_DATA",
    "CONFIG_KPROBES",
    "CONFIG_KPROBE_EVENTS",
    "CONFIG_UPROBES",
    "CONFIG_UPROBE_EVENTS",
    "CONFIG_FPROBE",
    "CONFIG_FUNCTION_TRACER",
    "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS",
    "CONFIG_FUNCTION_ERROR_INJECTION",
    "CONFIG_TRACING",
    "CONFIG_FTRACE_SYSCALLS",
    "CONFIG_PERF_EVENTS",
    "CONFIG_NET",
    "CONFIG_INET",
    "CONFIG_XDP_SOCKETS",
    "CONFIG_LWTUNNEL_BPF",
    "CONFIG_NET_ACT_BPF",
    "CONFIG_NET_CLS_BPF",
    "CONFIG_NET_CLS_ACT",
    "CONFIG_NET_SCH_INGRESS",
    "CONFIG_NET_XGRESS",
    "CONFIG_NETKIT",
    "CONFIG_NETFILTER_BPF_LINK",
    "CONFIG_NETFILTER_XT_MATCH_BPF",
    "CONFIG_XFRM",
    "CONFIG_IP_ROUTE_CLASSID",
    "CONFIG_IPV6_SEG6_BPF",
    "CONFIG_SCHED_CLASS_EXT",
    "CONFIG_HID_BPF",
    "CONFIG_SECURITY_LOCKDOWN_LSM",
    "CONFIG_TEST_BPF",
    "CONFIG_PREEMPT_RT",
    "CONFIG_HZ",
];

/// The kernel's configuration, as far as it matters.
pub(super) fn config(prober: &Prober<'_>) -> Vec<Finding> {
    let findings = OPTIONS.iter().map(|name| {
        let verdict = match prober.kernel.config_value(name) {
            Some("n") => Verdict::value("n"),
            Some(value) => Verdict::value(value),
            None => Verdict::Unknown {
                reason: "the configuration is neither in `/proc/config.gz` nor in `/boot`".into(),
                remedy: None,
            },
        };
        let (group, name) = (Group::Config, (*name).to_owned());
        Finding { group, name, title: None, verdict, since: None }
    });
    findings.collect()
}
