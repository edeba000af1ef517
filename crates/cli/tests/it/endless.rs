//! Programs that send without end: the run ends all the same, and tells its own from what was there before.

use crate::kernel::may_load;
use crate::shell::Shell;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const HEAD: &str =
    "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nchar L[] SEC(\"license\") = \"GPL\";\n";

fn run(shell: &Shell, source: &str, args: &[&str]) -> (Output, Duration) {
    let file = shell.folder().join("endless.c");
    std::fs::write(&file, format!("{HEAD}{source}")).expect("writable");
    let mut command: Command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
    command.args(["run", "--kernel"]).args(args).arg(&file);
    loop {
        let begin = Instant::now();
        let output = command.output().expect("bpfc starts");
        // Another test reads printed lines.
        if !shown(&output).contains("EBUSY") {
            return (output, begin.elapsed());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn shown(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Reading a line and printing it are system calls that make more lines.
#[test]
fn a_program_that_watches_its_reader_ends() {
    if !may_load() {
        return;
    }
    let shell = Shell::new();
    let source =
        "SEC(\"raw_tp/sys_enter\") int one(void *ctx) { bpf_printk(\"endless\"); return 0; }";
    for args in [&["--duration", "0.3"][..], &["--exit-on", "events > 10"], &["--count", "5"]] {
        let (output, took) = run(&shell, source, args);
        assert!(output.status.success(), "{}", shown(&output));
        assert!(!output.stdout.is_empty());
        assert!(took < Duration::from_secs(20), "{args:?} took {took:?}");
    }
}

/// What runs before this one printed is no event of it.
#[test]
fn lines_of_the_past_do_not_count() {
    if !may_load() {
        return;
    }
    let shell = Shell::new();
    let source = "SEC(\"raw_tp/sys_enter\") int one(void *ctx) { bpf_printk(\"in the past\"); return 0; }\n\
                  SEC(\"raw_tp/sys_exit\") int other(void *ctx) { bpf_printk(\"in time\"); return 0; }";
    let (first, _) = run(&shell, source, &["--program", "one", "--count", "1"]);
    assert!(first.status.success(), "{}", shown(&first));
    let (second, _) = run(&shell, source, &["--program", "other", "--count", "3"]);
    let text = String::from_utf8_lossy(&second.stdout);
    assert!(second.status.success() && text.contains("in time"), "{text}{}", shown(&second));
    assert!(!text.contains("in the past"), "{text}");
}

/// What cannot be is said at the start.
#[test]
fn conditions_that_cannot_hold_are_refused() {
    if !may_load() {
        return;
    }
    let shell = Shell::new();
    let source = "enum kind { SMALL, LARGE };\nstruct item { __u64 n; };\n\
        struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __type(key, enum kind); __type(value, struct item); } items SEC(\".maps\");\n\
        struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } cells SEC(\".maps\");\n\
        SEC(\"raw_tp/sys_enter\") int one(void *ctx) { return 0; }";
    for (condition, problem) in [
        ("items[LARG].n > 1", "there is no enumerator `LARG`; did you mean `LARGE`?"),
        ("items[LARGE].m > 1", "there is no member `m`"),
        ("items[].n > 1", "say which element of `items`"),
        ("cells[4] > 1", "`cells` has 4 elements: there is no `4`"),
        ("cells[1].n > 1", "values of `cells` have no members"),
    ] {
        let (output, _) = run(&shell, source, &["--duration", "5", "--exit-on", condition]);
        assert_eq!(output.status.code(), Some(2), "{condition}");
        assert!(shown(&output).contains(problem), "{condition}: {}", shown(&output));
    }
}

/// A pin of one kind is not taken for one of another.
#[test]
fn pinned_programs_are_no_maps() {
    if !may_load() || !std::path::Path::new("/sys/fs/bpf").exists() {
        return;
    }
    let shell = Shell::new();
    let folder = format!("/sys/fs/bpf/endless-{}", std::process::id());
    let source = "SEC(\"raw_tp/sys_enter\") int one(void *ctx) { return 0; }";
    let (output, _) = run(&shell, source, &["--pin", &folder, "--duration", "0"]);
    let bpfc = |args: &[&str]| {
        shell.command(env!("CARGO_BIN_EXE_bpfc")).args(args).output().expect("bpfc starts")
    };
    if !output.status.success() {
        assert!(shown(&output).contains("bpffs"), "{}", shown(&output));
        bpfc_testkit::skipped(shown(&output));
        return;
    }
    let program = bpfc(&["map", "show", &format!("{folder}/programs/one")]);
    let link = format!("{folder}/links/one");
    let detached = bpfc(&["prog", "detach", &link]);
    let cleaned = bpfc(&["cleanup", "--pins", &folder]);
    let _ = std::fs::remove_dir(&folder);
    assert!(shown(&program).contains("a program is pinned there"), "{}", shown(&program));
    // The kernel does not detach links of this kind; which one it is was found.
    assert!(shown(&detached).contains("cannot detach the link with id"), "{}", shown(&detached));
    assert!(cleaned.status.success(), "{}", shown(&cleaned));
}
