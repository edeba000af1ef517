//! Which dialect of C a program is written in.

pub use bpfc_typeck::Dialect;

/// Words that only programs for libbpf have.
const LIBBPF_WORDS: &[&str] = &["SEC", "vmlinux.h", "bpf_helpers.h"];

/// How the words begin that only BCC's programs have. Names of functions first.
const BCC_PREFIXES: &[&str] = &[
    "kprobe__",
    "kretprobe__",
    "tracepoint__",
    "raw_tracepoint__",
    "kfunc__",
    "kretfunc__",
    "lsm__",
    "syscall__",
    "TRACEPOINT_PROBE",
    "RAW_TRACEPOINT_PROBE",
    "KFUNC_PROBE",
    "KRETFUNC_PROBE",
    "LSM_PROBE",
    "BPF_TABLE",
    "BPF_HASH",
    "BPF_ARRAY",
    "BPF_HISTOGRAM",
    "BPF_PERCPU_",
    "BPF_PERF_",
    "BPF_RINGBUF_OUTPUT",
    "BPF_STACK_TRACE",
    "BPF_LPM_TRIE",
    "BPF_PROG_ARRAY",
    "BPF_QUEUE",
    "BPF_DEVMAP",
    "BPF_CPUMAP",
    "BPF_XSKMAP",
    "BPF_F_TABLE",
    "BPF_CGROUP_ARRAY",
    "BPF_ARRAY_OF_MAPS",
    "BPF_HASH_OF_MAPS",
    "BPF_STACK",
    "BPF_SOCKMAP",
    "BPF_SOCKHASH",
    "BPF_SK_STORAGE",
    "BPF_INODE_STORAGE",
    "BPF_TASK_STORAGE",
    "BPF_CGROUP_STORAGE",
    "BPF_LICENSE",
    "MODULE_KFUNC_PROBE",
    "MODULE_KRETFUNC_PROBE",
    "KMOD_RET",
    "cursor_advance",
    "bpf_usdt_readarg",
    "bpf_num_cpus",
];

/// The dialect that `source` is written in: BCC's if it uses a word of BCC and none of
/// libbpf. Comments do not count.
pub(crate) fn detect(source: &str) -> Dialect {
    let mut is_bcc = false;
    for word in words(source) {
        if LIBBPF_WORDS.contains(&word) {
            return Dialect::C;
        }
        is_bcc = is_bcc || BCC_PREFIXES.iter().any(|prefix| word.starts_with(prefix));
    }
    if is_bcc { Dialect::Bcc } else { Dialect::C }
}

/// Identifiers and file names outside comments. A rough cut is enough: literals other than
/// header names hardly ever hold one of the words.
fn words(source: &str) -> impl Iterator<Item = &str> {
    let bytes = source.as_bytes();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = &source[at..];
            match bytes.get(at)? {
                b'/' if rest.starts_with("//") => {
                    at += rest.find('\n').unwrap_or(rest.len());
                }
                b'/' if rest.starts_with("/*") => {
                    at += rest[2..].find("*/").map_or(rest.len(), |end| end + 4);
                }
                byte if byte.is_ascii_alphabetic() || *byte == b'_' => {
                    let len = bytes[at..].iter().take_while(|byte| is_word(byte)).count();
                    let word = &source[at..at + len];
                    at += len;
                    return Some(word.strip_suffix('.').unwrap_or(word));
                }
                byte if byte.is_ascii() => at += 1,
                _ => at += rest.chars().next().map_or(1, char::len_utf8),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Dialect, detect};

    #[test]
    fn sections_and_headers_of_libbpf_win() {
        assert_eq!(detect("int kprobe__sys_clone(void *ctx) { return 0; }"), Dialect::Bcc);
        assert_eq!(detect("BPF_HASH(stats);"), Dialect::Bcc);
        assert_eq!(detect("/* BPF_HASH */ int f(void);"), Dialect::C);
        assert_eq!(detect("// kprobe__x\nSEC(\"xdp\") int f(void);"), Dialect::C);
        assert_eq!(detect("#include \"vmlinux.h\"\nint lsm__x;"), Dialect::C);
        assert_eq!(detect("/* open"), Dialect::C);
        assert_eq!(detect(""), Dialect::C);
    }
}
