//! Machines and users that lack something: rights, types, file systems, room. Each is told what it is, with the exit
//! status for environments, and nothing that was read before is lost.

use crate::shell::Shell;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

const COUNTER: &str = r#"#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");
SEC("tp/sched/sched_switch")
int hello(void *ctx)
{
	__u32 key = 0;
	__u64 *count = bpf_map_lookup_elem(&hits, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
"#;

/// A shell with programs in it, if the tests are root and the kernel takes programs.
fn shell() -> Option<Shell> {
    let shell = Shell::new();
    let (_, status) = shell.run("bpfc features --has map:array --has program:tracepoint");
    let (who, _) = shell.run("id -u");
    let (_, can_unshare) = shell.run("unshare -m true && setpriv --version");
    if status != Some(0) || who.trim() != "0" || can_unshare != Some(0) {
        assert!(std::env::var_os("BPFC_REQUIRE_KERNEL").is_none(), "the kernel needs root");
        bpfc_testkit::skipped("needs root, a kernel with BPF, unshare and setpriv");
        return None;
    }
    let write = |name: &str, text: &str| {
        std::fs::write(shell.folder().join(name), text).expect("a scratch folder");
    };
    write("tp.c", COUNTER);
    write("typed.c", &COUNTER.replace("tp/sched/sched_switch", "tp_btf/sched_switch"));
    let pinned = "__uint(max_entries, 1);\n\t__uint(pinning, LIBBPF_PIN_BY_NAME);";
    write("pin.c", &COUNTER.replace("__uint(max_entries, 1);", pinned));
    Some(shell)
}

/// Runs `script`, which must end as the environment's fault and say all of `words`.
fn fails(shell: &Shell, script: &str, code: &str, words: &[&str]) {
    let (output, status) = shell.run(script);
    assert_eq!(status, Some(3), "{script}: {output}");
    assert!(output.contains(&format!("error[{code}]")), "{script}: {output}");
    for words in words {
        assert!(output.contains(words), "{script}: `{words}` is missing: {output}");
    }
    assert_eq!(output.matches("error[").count(), 1, "{script}: {output}");
}

fn works(shell: &Shell, script: &str) {
    let (output, status) = shell.run(script);
    assert_eq!(status, Some(0), "{script}: {output}");
    assert!(output.contains("hits"), "{script}: {output}");
}

#[test]
fn users_without_rights_are_told_which() {
    let Some(shell) = shell() else { return };
    let nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups";
    // The folder may be closed to others.
    if shell.run(&format!("{nobody} bpfc --version")).1 == Some(0) {
        let words = ["it needs CAP_BPF, which this user does not have", "help: run it as root"];
        fails(
            &shell,
            &format!(
                "cat tp.c > /tmp/bpfc-tp.c; {nobody} bpfc run --kernel /tmp/bpfc-tp.c; s=$?; rm /tmp/bpfc-tp.c; exit $s"
            ),
            "E0902",
            &words,
        );
        let (output, status) = shell.run(&format!("{nobody} bpfc features --has program:xdp"));
        assert_eq!(status, Some(3), "{output}");
        assert!(output.contains("unknown: it needs CAP_BPF and CAP_NET_ADMIN"), "{output}");
    }
    let without = |caps: &str| format!("setpriv --bounding-set {caps} bpfc run --kernel");
    fails(
        &shell,
        &format!("{} tp.c", without("-all,+net_admin")),
        "E0902",
        &["map `hits`", "CAP_BPF", "although it is root", "--cap-add=BPF"],
    );
    fails(
        &shell,
        &format!("{} tp.c", without("-perfmon,-sys_admin")),
        "E0902",
        &["program `hello`", "it needs CAP_PERFMON,", "--cap-add=PERFMON"],
    );
    fails(
        &shell,
        &format!("{} examples/xdp_count.c --attach xdp:lo", without("-net_admin,-sys_admin")),
        "E0902",
        &["program `count`", "it needs CAP_NET_ADMIN,"],
    );
}

#[test]
fn user_namespaces_do_not_count() {
    let Some(shell) = shell() else { return };
    if shell.run("unshare -r true").1 != Some(0) {
        bpfc_testkit::skipped("no user namespaces");
        return;
    }
    let words = ["the capabilities of a user namespace do not count"];
    fails(&shell, "unshare -r bpfc run --kernel tp.c", "E0902", &words);
    let script = "unshare -r bpfc features --has right:initial_user_namespace";
    assert_eq!(shell.run(script).1, Some(1));
}

#[test]
fn kernels_without_types_run_what_needs_none() {
    let Some(shell) = shell() else { return };
    let hide = "mount -t tmpfs none /sys/kernel/btf || exit 77";
    let (_, status) = shell.run(&format!("unshare -m sh -c '{hide}'"));
    if status == Some(77) {
        bpfc_testkit::skipped("the kernel has no types to hide");
        return;
    }
    let run = |command: &str| format!("unshare -m sh -c '{hide}; {command}'");
    fails(&shell, &run("bpfc run --kernel typed.c"), "E0903", &["CONFIG_DEBUG_INFO_BTF"]);
    works(&shell, &run("bpfc run --kernel tp.c --duration 0.1"));
    let (output, status) = shell.run(&run("bpfc features --has attach:fentry"));
    assert!(status == Some(1), "{output}");
}

#[test]
fn tracefs_that_cannot_be_mounted_is_named() {
    let Some(shell) = shell() else { return };
    let hide = "for f in /sys/kernel/tracing /sys/kernel/debug; do \
        [ ! -e $f/events ] && [ ! -e $f/tracing ] || mount -t tmpfs none $f; done";
    let script = format!(
        "unshare -m sh -c '{hide}; setpriv --bounding-set -sys_admin bpfc run --kernel tp.c'"
    );
    let words = ["cannot mount tracefs", "it needs CAP_SYS_ADMIN", "help: "];
    fails(&shell, &script, "E0902", &words);
    // Root mounts it for itself.
    works(&shell, &format!("unshare -m sh -c '{hide}; bpfc run --kernel tp.c --duration 0.1'"));
}

#[test]
fn pins_need_a_file_system_that_takes_them() {
    let Some(shell) = shell() else { return };
    let run = |setup: &str| {
        format!("unshare -m sh -c '{setup} && bpfc run --kernel pin.c --duration 0.1'")
    };
    let read_only = "mount -t bpf bpf /sys/fs/bpf && mount -o remount,ro,bind /sys/fs/bpf";
    fails(&shell, &run(read_only), "E0913", &["EROFS", "mounted read-only", "remount,rw"]);
    let plain = "mount -t tmpfs none /sys/fs/bpf";
    fails(&shell, &run(plain), "E0913", &["only a bpffs holds pins", "mount -t bpf bpf"]);
    let nothing = "mount -t tmpfs none /sys/fs";
    fails(&shell, &run(nothing), "E0913", &["its folder does not exist"]);
}

#[test]
fn pinned_maps_of_another_shape_are_left_alone() {
    let Some(shell) = shell() else { return };
    let other = std::fs::read_to_string(shell.folder().join("pin.c")).expect("it was written");
    let other = other
        .replace("__type(value, __u64)", "__type(value, __u32)")
        .replace("__u64 *count", "__u32 *count")
        .replace("__uint(max_entries, 1)", "__uint(max_entries, 3)");
    std::fs::write(shell.folder().join("other.c"), other).expect("a scratch folder");
    // A file system of its own, which goes with the shell.
    let script = "unshare -m sh -c 'mount -t bpf bpf /sys/fs/bpf && \
        bpfc run --kernel pin.c --duration 0.1 >/dev/null && \
        bpfc run --kernel other.c --duration 0.1'";
    let words = [
        "map `hits` cannot be shared",
        "pinned: ARRAY, key 4 bytes, value 8 bytes, 1 entries; in the program:",
        "give it another name",
    ];
    fails(&shell, script, "E0925", &words);
}

#[test]
fn system_file_systems_may_be_missing() {
    let Some(shell) = shell() else { return };
    let run = |place: &str, command: &str| {
        format!("unshare -m sh -c 'mount -t tmpfs none {place}; {command}'")
    };
    let script = run("/proc", "bpfc run --kernel tp.c --duration 0.1");
    let (output, status) = shell.run(&script);
    // A tracefs that is mounted is enough.
    assert!(status == Some(0) || output.contains("`/proc` is not mounted"), "{output}");
    let words = ["sysfs is not mounted", "mount -t sysfs sysfs /sys"];
    fails(&shell, &run("/sys", "bpfc run --kernel tp.c"), "E0901", &words);
    for place in ["/proc", "/sys"] {
        let (output, status) = shell.run(&run(place, "bpfc features all"));
        assert_eq!(status, Some(0), "{place}: {output}");
        assert!(!output.contains("panicked"), "{place}: {output}");
    }
}

#[test]
fn running_out_of_files_is_no_surprise() {
    let Some(shell) = shell() else { return };
    let mut n_failed = 0;
    for limit in 4..14 {
        let script = format!("ulimit -n {limit}; bpfc run --kernel tp.c --duration 0.05");
        let (output, status) = shell.run(&script);
        match status {
            Some(0) => assert!(output.contains("hits"), "{output}"),
            // Not even the program's libraries could be opened.
            Some(127) => {}
            _ => {
                n_failed += 1;
                assert_eq!(status, Some(3), "{limit}: {output}");
                assert!(output.contains("EMFILE") && output.contains("ulimit -n"), "{output}");
            }
        }
    }
    assert!(n_failed > 0);
}

#[test]
fn filters_of_system_calls_are_suspected() {
    let Some(shell) = shell() else { return };
    // Lets `bpf` fail with an error number, then starts a program.
    let filter = r#"
import ctypes, os, platform, struct, sys
call = {"x86_64": 321, "aarch64": 280, "riscv64": 280}[platform.machine()]
errno = int(sys.argv[1])
code = [(0x20, 0, 0, 0), (0x15, 0, 1, call), (6, 0, 0, 0x50000 | errno), (6, 0, 0, 0x7fff0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *insn) for insn in code))
program = ctypes.create_string_buffer(struct.pack("=H6xQ", 4, ctypes.addressof(code)))
libc = ctypes.CDLL(None)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
    sys.exit(77)
os.execvp(sys.argv[2], sys.argv[2:])
"#;
    std::fs::write(shell.folder().join("filter.py"), filter).expect("a scratch folder");
    if shell.run("python3 filter.py 1 true").1 != Some(0) {
        bpfc_testkit::skipped("no Python, or no seccomp");
        return;
    }
    fails(&shell, "python3 filter.py 1 bpfc run --kernel tp.c", "E0902", &["seccomp"]);
    fails(&shell, "python3 filter.py 38 bpfc run --kernel tp.c", "E0907", &["ENOSYS", "seccomp"]);
    let (output, status) = shell.run("python3 filter.py 38 bpfc features --has map:hash");
    assert!(status == Some(3) && output.contains("unknown: "), "{output}");
}

#[test]
fn full_disks_are_reported_and_readers_may_go() {
    let Some(shell) = shell() else { return };
    let (output, status) = shell.run("bpfc run --kernel tp.c --duration 0.1 > /dev/full");
    assert_eq!(status, Some(3), "{output}");
    assert!(output.contains("cannot write standard output: no space left on device"), "{output}");
    let (output, status) = shell.run("bpfc run --kernel tp.c --duration 0.1 | head -c 1");
    assert_eq!(status, Some(0), "{output}");
    assert!(!output.contains("error"), "{output}");
}

/// `bpfc run` until it says that it is attached.
fn attached(shell: &Shell, arguments: &[&str]) -> (Child, BufReader<std::process::ChildStderr>) {
    let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
    command.args(["run", "--kernel"]).args(arguments);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bpfc starts");
    let mut errors = BufReader::new(child.stderr.take().expect("piped"));
    let mut said = String::new();
    errors.read_line(&mut said).expect("readable");
    assert!(said.contains("attached to"), "{said}");
    (child, errors)
}

#[test]
fn interfaces_may_be_taken_and_may_go() {
    let Some(shell) = shell() else { return };
    let (a, b) = (format!("bpfcA{}", std::process::id()), format!("bpfcB{}", std::process::id()));
    let (a, b) = (&a[..a.len().min(15)], &b[..b.len().min(15)]);
    if shell.run(&format!("ip link add {a} type veth peer name {b} && ip link set {a} up")).1
        != Some(0)
    {
        bpfc_testkit::skipped("no veth pair");
        return;
    }
    let place = format!("xdp:{a}");
    let arguments = ["examples/xdp_count.c", "--attach", &place, "--duration", "2"];
    let (mut child, mut errors) = attached(&shell, &arguments);
    // Only one XDP program is taken.
    let again = format!("bpfc run --kernel examples/xdp_count.c --attach {place}");
    fails(&shell, &again, "E0905", &["one XDP program", "help: "]);
    // The interface goes while the program is attached: what was counted is shown.
    assert_eq!(shell.run(&format!("ip link del {a}")).1, Some(0));
    let (mut output, mut rest) = (String::new(), String::new());
    child.stdout.take().expect("piped").read_to_string(&mut output).expect("text");
    errors.read_to_string(&mut rest).expect("text");
    assert!(child.wait().expect("it ends").success(), "{output}{rest}");
    assert!(output.contains("counters"), "{output}");
    assert!(rest.contains(&format!("no longer attached to {place}")), "{rest}");
    fails(&shell, &again, "E0906", &["there is no network interface"]);
}

#[test]
fn unknown_names_have_similar_ones() {
    let Some(shell) = shell() else { return };
    let run = |place: &str| format!("bpfc run --kernel tp.c --attach {place}");
    fails(&shell, &run("tp:sched:sched_swich"), "E0906", &["did you mean `sched:sched_switch`?"]);
    fails(&shell, &run("kprobe:vfs_reed"), "E0906", &["did you mean `vfs_read`?"]);
    fails(&shell, &run("raw_tp:sched_swich"), "E0906", &["did you mean `sched_switch`?"]);
    let typed = COUNTER.replace("tp/sched/sched_switch", "tp_btf/sched_swich");
    std::fs::write(shell.folder().join("typo.c"), typed).expect("a scratch folder");
    let (output, status) = shell.run("bpfc run --kernel typo.c");
    assert!(status == Some(3) || status == Some(1), "{output}");
    assert!(output.contains("did you mean `sched_switch`?"), "{output}");
}
