//! `bpfc run --kernel` with `--watch`, `--count` and `--exit-on`.

use crate::kernel::may_load;
use crate::shell::Shell;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Counts the switches between processes, which never stop.
const SWITCHES: &str = r#"
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, char[16]);
	__type(value, __u64);
} hits SEC(".maps");
__u64 total;
SEC("tp/sched/sched_switch")
int on_switch(void *ctx)
{
	char comm[16] = "all";
	__u64 zero = 0, *n;
	bpf_map_update_elem(&hits, comm, &zero, BPF_NOEXIST);
	n = bpf_map_lookup_elem(&hits, comm);
	if (n)
		__sync_fetch_and_add(n, 1);
	__sync_fetch_and_add(&total, 1);
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
"#;

fn run(arguments: &[&str]) -> Output {
    let shell = Shell::new();
    std::fs::write(shell.folder().join("switches.c"), SWITCHES).expect("it can be written");
    let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
    command.args(["run", "--kernel", "switches.c"]).args(arguments);
    command.stdin(Stdio::null()).output().expect("bpfc starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn a_condition_ends_the_run() {
    if !may_load() {
        return;
    }
    for condition in ["map hits[all] > 20", "total >= 20", "hits.len == 1"] {
        let began = Instant::now();
        let output = run(&["--exit-on", condition, "--duration", "20", "--json"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(began.elapsed() < Duration::from_secs(15), "{condition}");
        let lines = text(&output.stdout);
        let map = lines.lines().find(|line| line.contains("\"hits\"")).expect("the map");
        let map: serde_json::Value = serde_json::from_str(map).expect("JSON");
        assert_eq!(map["elements"][0]["key"], "all");
    }
}

#[test]
fn maps_are_printed_at_intervals() {
    if !may_load() {
        return;
    }
    let output = run(&["--watch=0.1", "--duration", "0.55", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines = text(&output.stdout);
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let looks: Vec<_> = lines.iter().filter(|line| line["watch"].is_array()).collect();
    assert!(looks.len() >= 3, "{lines:?}");
    let total = |look: &serde_json::Value| look["watch"][1]["variables"]["total"].as_u64();
    assert!(total(looks[0]) < total(looks[looks.len() - 1]), "{lines:?}");
    let plain = text(&run(&["--watch=0.1", "--duration", "0.35"]).stdout);
    assert!(plain.contains("value/s") && plain.contains(" events, 0 lost"), "{plain}");
}

#[test]
fn the_run_ends_after_as_many_events() {
    if !may_load() {
        return;
    }
    let shell = Shell::new();
    let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
    command.args(["run", "--kernel", "--json", "--count", "2", "examples/execsnoop.c"]);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let end = Instant::now() + Duration::from_secs(20);
    while child.try_wait().expect("it can be asked").is_none() && Instant::now() < end {
        Command::new("/bin/true").status().expect("it runs");
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    assert_eq!(text(&output.stdout).matches("\"event\"").count(), 2);
}

#[test]
fn a_screen_shows_maps_and_gives_the_terminal_back() {
    if !may_load() {
        return;
    }
    let shell = Shell::new();
    std::fs::write(shell.folder().join("switches.c"), SWITCHES).expect("it can be written");
    let bpfc = env!("CARGO_BIN_EXE_bpfc");
    let inside = format!("stty rows 24 cols 80; {bpfc} run --kernel switches.c --watch=0.1");
    let outside = "command -v script >/dev/null || exit 77; (sleep 2; printf q) | script -qec \"$0\" /dev/null";
    let output = shell.command("sh").args(["-c", outside, &inside]).output().expect("sh runs");
    if output.status.code() == Some(77) {
        return bpfc_testkit::skipped("no `script`");
    }
    let seen = text(&output.stdout);
    assert!(output.status.success(), "{seen}");
    let screen = seen.find("\x1b[?1049h").expect("the screen is opened");
    let end = seen.find("\x1b[?1049l").expect("the screen is left");
    let drawn = &seen[screen..end];
    assert!(drawn.contains("hits") && drawn.contains("variables"), "{seen:?}");
    assert!(seen[end..].contains("total"), "{seen:?}");
}
