//! Macros that programs use without the header that defines them.

/// The macros of libbpf's headers.
const HEADERS: [(&str, &[&str]); 3] = [
    (
        "bpf/bpf_helpers.h",
        &[
            "SEC",
            "__uint",
            "__type",
            "__array",
            "__ulong",
            "__ksym",
            "__kconfig",
            "__weak",
            "__always_inline",
            "__noinline",
        ],
    ),
    (
        "bpf/bpf_tracing.h",
        &[
            "BPF_PROG",
            "BPF_PROG2",
            "BPF_KPROBE",
            "BPF_KRETPROBE",
            "BPF_KSYSCALL",
            "BPF_UPROBE",
            "BPF_URETPROBE",
        ],
    ),
    ("bpf/usdt.bpf.h", &["BPF_USDT"]),
];

/// What the macros of BCC's dialect begin with that define something.
const OF_BCC: [&str; 11] = [
    "BPF_HASH",
    "BPF_ARRAY",
    "BPF_HISTOGRAM",
    "BPF_TABLE",
    "BPF_PERF_OUTPUT",
    "BPF_RINGBUF_OUTPUT",
    "BPF_PERCPU_",
    "BPF_STACK_TRACE",
    "TRACEPOINT_PROBE",
    "RAW_TRACEPOINT_PROBE",
    "KFUNC_PROBE",
];

/// How a program gets a macro that it uses.
pub(crate) fn advice(name: &str) -> Option<String> {
    let header = HEADERS.iter().find(|(_, names)| names.contains(&name));
    if let Some((header, _)) = header {
        return Some(format!("include the header that defines it: `#include <{header}>`"));
    }
    let is_of_bcc = OF_BCC.iter().any(|macro_name| name.starts_with(macro_name));
    is_of_bcc.then(|| {
        "it is of BCC's dialect, in which there is no `SEC`: take that out, or choose with `--dialect bcc`".to_owned()
    })
}
