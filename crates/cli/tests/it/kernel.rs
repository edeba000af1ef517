//! `bpfc run --kernel` with real events: programs that start, packets that arrive.

use crate::shell::Shell;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

/// True if the tests run as root; otherwise says so, or fails where the kernel is required.
pub fn may_load() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let is_root = status.lines().any(|line| line.starts_with("Uid:\t0\t0"));
    if !is_root {
        assert!(std::env::var_os("BPFC_REQUIRE_KERNEL").is_none(), "the kernel needs root");
        bpfc_testkit::skipped("loading programs needs root");
    }
    is_root
}

/// Runs `bpfc run --kernel --json …`; calls `act` once everything is attached. What it printed,
/// a JSON object a line.
fn run(arguments: &[&str], n_programs: usize, act: impl FnOnce()) -> Vec<serde_json::Value> {
    let shell = Shell::new();
    let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
    command.args(["run", "--kernel", "--json"]).args(arguments);
    if !arguments.contains(&"--duration") {
        command.args(["--duration", "2"]);
    }
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bpfc starts");
    let mut errors = BufReader::new(child.stderr.take().expect("piped"));
    let mut said = String::new();
    for _ in 0..n_programs {
        errors.read_line(&mut said).expect("readable");
    }
    assert_eq!(said.matches("attached to").count(), n_programs, "{said}");
    act();
    let mut output = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut output).expect("text");
    assert!(child.wait().expect("it ends").success(), "{output}");
    output.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn execsnoop_shows_programs_that_start() {
    if !may_load() {
        return;
    }
    let lines = run(&["examples/execsnoop.c"], 1, || {
        for _ in 0..3 {
            Command::new("/bin/true").status().expect("it runs");
        }
    });
    let is_true = |line: &&serde_json::Value| {
        line["event"] == "events"
            && line["data"]["filename"] == "/bin/true"
            && line["data"]["comm"] == "true"
    };
    assert!(lines.iter().filter(is_true).count() >= 3, "{lines:?}");
}

#[test]
fn runqlat_measures_waits() {
    if !may_load() {
        return;
    }
    let lines = run(&["examples/runqlat.c"], 3, || {
        Command::new("/bin/true").status().expect("it runs");
    });
    let histogram = lines.iter().find(|line| line["map"] == "wait_us").expect("the map");
    assert!(!histogram["elements"].as_array().expect("a list").is_empty());
}

/// A network namespace with one end of a veth pair; both go when this does.
struct Veth;

impl Veth {
    fn new() -> Option<Self> {
        let setup = "ip netns add bpfc-test && ip link add bpfc0 type veth peer name bpfc1 && \
            ip link set bpfc1 netns bpfc-test && ip addr add 198.18.7.1/24 dev bpfc0 && \
            ip link set bpfc0 up && ip -n bpfc-test addr add 198.18.7.2/24 dev bpfc1 && \
            ip -n bpfc-test link set bpfc1 up && command -v ping";
        let guard = Veth;
        let output = Command::new("sh").args(["-c", setup]).output().ok()?;
        if !output.status.success() {
            bpfc_testkit::skipped(format!(
                "no veth pair: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            ));
            return None;
        }
        Some(guard)
    }
}

impl Drop for Veth {
    fn drop(&mut self) {
        let teardown = "ip link del bpfc0; ip netns del bpfc-test";
        Command::new("sh").args(["-c", teardown]).output().ok();
    }
}

#[test]
fn xdp_count_counts_real_pings() {
    if !may_load() {
        return;
    }
    let Some(_veth) = Veth::new() else { return };
    let lines = run(&["examples/xdp_count.c", "--attach", "xdp:bpfc0"], 1, || {
        let ping = ["netns", "exec", "bpfc-test", "ping", "-c", "4", "-i", "0.2", "198.18.7.1"];
        assert!(Command::new("ip").args(ping).output().expect("ip runs").status.success());
    });
    let counters = lines.iter().find(|line| line["map"] == "counters").expect("the map");
    let elements = counters["elements"].as_array().expect("a list");
    let icmp = elements.iter().find(|element| element["key"] == "ICMP").expect("pings");
    assert_eq!(icmp["value"]["packets"], 4);
    assert_eq!(icmp["value"]["bytes"], 4 * 98);
}

#[test]
fn iterators_print_and_end() {
    if !may_load() {
        return;
    }
    let lines = run(&["examples/hooks/iter_task.c"], 1, || {});
    let is_own = |line: &serde_json::Value| {
        let text = line["line"].as_str().unwrap_or_default();
        line["program"] == "each_task" && text.ends_with(" bpfc")
    };
    assert!(lines.iter().any(is_own), "{lines:?}");
}

#[test]
fn patterns_say_how_many_places_they_name() {
    if !may_load() {
        return;
    }
    let shell = Shell::new();
    let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
    let pattern = "tp:syscalls:sys_enter_getp*";
    let arguments = ["run", "--kernel", "--duration", "0", "examples/hooks/tracepoint.c"];
    let output = command.args(arguments).args(["--attach", pattern]).output().expect("bpfc runs");
    let text = String::from_utf8_lossy(&output.stderr);
    let attached = format!("on_getpgid: attached to {pattern} (");
    assert!(text.contains(&attached) && text.contains(" places)"), "{text}");
    let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
    command.args(arguments).args(["--attach", &format!("{pattern},limit=1")]);
    let text = String::from_utf8(command.output().expect("bpfc runs").stderr).expect("text");
    assert!(text.contains("more than the limit of 1"), "{text}");
}

/// A folder of a bpffs that goes away with all that it keeps.
struct Pins(String, Shell);

impl Pins {
    /// Runs `bpfc`; its exit status and what it said.
    fn bpfc(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = self.1.command(env!("CARGO_BIN_EXE_bpfc"));
        let output = command.args(arguments).output().expect("bpfc runs");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).expect("text"))
    }
}

impl Drop for Pins {
    fn drop(&mut self) {
        self.bpfc(&["cleanup", "--pins", &self.0]);
        std::fs::remove_dir(&self.0).ok();
    }
}

#[test]
fn pinned_programs_stay_attached() {
    if !may_load() {
        return;
    }
    let pins = Pins(format!("/sys/fs/bpf/bpfc-run-{}", std::process::id()), Shell::new());
    let folder = pins.0.as_str();
    let arguments = [
        "run",
        "--kernel",
        "examples/hooks/tc.c",
        "--attach",
        "tcx:lo:ingress",
        "--duration",
        "0",
        "--pin",
        folder,
    ];
    let (code, said) = pins.bpfc(&arguments);
    if said.contains("not permitted") && !std::path::Path::new("/sys/fs/bpf").exists() {
        return bpfc_testkit::skipped("no bpffs");
    }
    assert_eq!((code, said.contains(&format!("pinned below {folder}"))), (Some(0), true), "{said}");
    let (_, shown) =
        pins.bpfc(&["prog", "show", &format!("{folder}/programs/on_packet"), "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    let program = &shown["programs"][0];
    assert_eq!(program["name"], "on_packet");
    assert_eq!(program["pins"].as_array().map(Vec::len), Some(2), "{shown}");
    let link = program["links"][0]["id"].as_u64().expect("it is attached").to_string();
    let (_, links) = pins.bpfc(&["prog", "links", "--json"]);
    assert!(links.contains(&format!("{folder}/links/on_packet")), "{links}");
    // Taken names are left as they are, and nothing is left of the second run.
    let (code, said) = pins.bpfc(&arguments);
    assert_eq!((code, said.contains("error[E0913]")), (Some(3), true), "{said}");
    assert_eq!(pins.bpfc(&["prog", "detach", &link]).0, Some(0));
    let (_, shown) = pins.bpfc(&["prog", "show", &format!("{folder}/programs/on_packet")]);
    assert!(shown.contains("tcx (detached)"), "{shown}");
    assert_eq!(pins.bpfc(&["prog", "detach", "x"]).0, Some(2));
    let (code, said) = pins.bpfc(&["prog", "show", "id:4294967295"]);
    assert_eq!((code, said.contains("error[E0923]")), (Some(1), true), "{said}");
}

/// Sends more than its buffer holds, in three ways, and counts how often it tries.
const TOO_MUCH: &str = r#"
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
__u64 tried;
SEC("raw_tp/sys_enter") int send(void *ctx)
{
	for (int i = 0; i < 100; i++) {
		__u64 *record = bpf_ringbuf_reserve(&events, 24, 0), number = i;
		if (record) {
			*record = i;
			bpf_ringbuf_submit(record, 0);
		}
		bpf_ringbuf_output(&events, &number, sizeof(number), 0);
		struct bpf_dynptr dynptr;
		bpf_ringbuf_reserve_dynptr(&events, 16, 0, &dynptr);
		bpf_dynptr_write(&dynptr, 0, &number, sizeof(number), 0);
		bpf_ringbuf_submit_dynptr(&dynptr, 0);
		__sync_fetch_and_add(&tried, 3);
	}
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
"#;

#[test]
fn every_record_comes_or_is_counted_as_lost() {
    if !may_load() {
        return;
    }
    let folder = Shell::new();
    let file = folder.folder().join("too_much.c");
    std::fs::write(&file, TOO_MUCH).expect("writable");
    for level in ["-O0", "-O2"] {
        let lines = run(&[file.to_str().expect("text"), level, "--duration", "0.3"], 1, || {});
        let at_end = lines.iter().find(|line| line["events"].is_number()).expect("a last line");
        let number = |value: &serde_json::Value| value.as_u64().expect("a number");
        let (n_events, n_lost) = (number(&at_end["events"]), number(&at_end["lost"]));
        let variables = lines.iter().find(|line| line["variables"].is_object()).expect("variables");
        assert!(n_events > 0 && n_lost > 0, "{at_end}");
        assert_eq!(n_events + n_lost, number(&variables["variables"]["tried"]), "{at_end}");
        assert_eq!(variables["variables"].as_object().map(serde_json::Map::len), Some(1));
    }
}

/// The tests of the sample project: the same with the firewall in the kernel.
#[test]
fn tests_of_the_sample_project_pass_in_the_kernel() {
    if !may_load() {
        return;
    }
    let (output, status) =
        Shell::new().run("bpfc test --kernel --quiet examples/ci tests/bench/limiter.c");
    assert_eq!(status, Some(0), "{output}");
    // Three of the other file want a time of their own, or lines that were printed.
    assert!(output.ends_with("31 passed, 0 failed, 3 skipped\n"), "{output}");
}
