//! One-liners see, on the kernel of this machine, what the test does.

use crate::kernel::may_load;
use crate::shell::Shell;
use serde_json::Value as Json;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A one-liner that runs, attached, and ends by itself.
struct Traced {
    child: Child,
}

/// Whatever fails, nothing goes on.
impl Drop for Traced {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Traced {
    fn start(one_liner: &str, args: &[&str]) -> Traced {
        let shell = Shell::new();
        let mut command: Command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
        command.args(["trace", one_liner, "--duration", "20"]).args(args);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bpfc starts");
        let mut said = String::new();
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        while !said.contains("attached to") {
            let line = lines.next().unwrap_or_else(|| panic!("{one_liner} ended: {said}"));
            said += &(line.expect("text") + "\n");
        }
        std::thread::spawn(move || lines.for_each(drop));
        Traced { child }
    }

    /// What it prints while something is done again and again, until it has ended.
    fn output(mut self, mut act: impl FnMut()) -> String {
        let mut out = self.child.stdout.take().expect("piped");
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            out.read_to_string(&mut text).expect("text");
            text
        });
        let begin = Instant::now();
        while !reader.is_finished() {
            assert!(begin.elapsed() < Duration::from_secs(30), "it does not end");
            act();
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(self.child.wait().expect("it was started").success());
        reader.join().expect("no panic")
    }
}

fn open_ours() {
    drop(std::fs::File::open("/no/such/file/of/ours"));
}

#[test]
fn lines_have_columns() {
    if !may_load() {
        return;
    }
    let own = std::process::id().to_string();
    let one_liner = "tracepoint:syscalls:sys_enter_openat /str(args.filename) == \"/no/such/file/of/ours\"/ { comm, pid, file = str(args.filename), start = str(args.filename, 4) }";
    let traced = Traced::start(one_liner, &["--count", "3", "--pid", &own, "--json"]);
    let output = traced.output(open_ours);
    let events: Vec<Json> =
        output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let data = &events[0]["data"];
    assert_eq!(data["pid"], std::process::id());
    assert_eq!(data["file"], "/no/such/file/of/ours");
    assert_eq!(data["start"], "/no");
    assert!(data["comm"].is_string(), "{output}");
}

#[test]
fn other_files_are_filtered_out() {
    if !may_load() {
        return;
    }
    let one_liner = "t:syscalls:sys_enter_openat /str(args.filename) == \"/no/such/file/of/our\" || comm == \"no such name\"/ { @ = count() } \
                     t:syscalls:sys_enter_openat { @all = count() }";
    let traced = Traced::start(one_liner, &["--exit-on", "map all[0] > 5", "--json"]);
    let output = traced.output(open_ours);
    let maps: Vec<Json> =
        output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let counts = maps.iter().find(|map| map["map"] == "counts").expect("the first clause's map");
    let n_counted: u64 = counts["elements"]
        .as_array()
        .expect("elements")
        .iter()
        .filter_map(|element| element["value"].as_u64())
        .sum();
    assert_eq!(n_counted, 0, "a longer name is another name: {output}");
}

#[test]
fn what_takes_time_has_a_histogram_for_each_process() {
    if !may_load() {
        return;
    }
    let one_liner = "t:syscalls:sys_enter_nanosleep, t:syscalls:sys_enter_clock_nanosleep { @start[tid] = nsecs } \
                     t:syscalls:sys_exit_nanosleep, t:syscalls:sys_exit_clock_nanosleep /@start[tid]/ \
                     { @us[comm] = hist((nsecs - @start[tid]) / 1000); @all = stats(args.ret); @n[comm]++; delete(@start[tid]) }";
    let own = std::process::id().to_string();
    let traced = Traced::start(one_liner, &["--pid", &own, "--exit-on", "map all[0].count >= 5"]);
    let output = traced.output(|| std::thread::sleep(Duration::from_millis(5)));
    assert!(output.contains("us\n  comm = "), "{output}");
    // Between 5 ms and 20 ms, in microseconds.
    assert!(output.contains("4096 -> 8191 : ") || output.contains("16384 -> 32767 : "), "{output}");
    assert!(output.contains("average  count"), "{output}");
}

#[test]
fn functions_of_processes_have_arguments_and_results() {
    if !may_load() {
        return;
    }
    let list =
        || drop(Command::new("env").arg("ls").env("LANG", "C").stdout(Stdio::null()).status());
    let one_liner = "uprobe:c:getenv /comm == \"ls\"/ { str(arg0) }";
    let output = Traced::start(one_liner, &["--count", "10"]).output(list);
    assert!(output.starts_with("arg0\n") && output.contains("LANG\n"), "{output}");
    let one_liner =
        "uretprobe:c:getenv /retval != 0 && ustr(retval) == \"C\"/ { found = ustr(retval), comm }";
    let output = Traced::start(one_liner, &["--count", "2"]).output(list);
    assert!(output.contains("\nC"), "{output}");
}

#[test]
fn stacks_are_named() {
    if !may_load() {
        return;
    }
    let traced = Traced::start(
        "raw_tp:sched_switch /args.prev->pid != 0/ { @[kstack, args.prev->comm] = count() }",
        &["--exit-on", "counts.len >= 3"],
    );
    let output = traced.output(|| {});
    assert!(output.contains("schedule"), "{output}");
}

/// What `--emit c` prints is a program for `bpfc run`.
#[test]
fn the_program_is_one() {
    let shell = Shell::new();
    for one_liner in [
        "t:syscalls:sys_enter_openat /comm != \"x\"/ { comm, args.filename, args.flags }",
        "t:syscalls:sys_enter_read { @start[tid] = nsecs } t:syscalls:sys_exit_read /@start[tid]/ { @t[comm, args.ret] = hist(nsecs - @start[tid]); delete(@start[tid]); @s = stats(retval); @m[pid] = min(retval); @a[comm] = avg(retval) }",
        "profile:hz:99 { @[kstack, ustack, comm] = count() }",
        "u:c:puts { str(arg0), event = 1, key = 2, value = pid } ur:c:puts { retval }",
    ] {
        let mut command: Command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
        let output =
            command.args(["trace", "--emit", "c", one_liner]).output().expect("bpfc starts");
        assert!(
            output.status.success(),
            "{one_liner}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        std::fs::write(shell.folder().join("one.c"), &output.stdout).expect("it can be written");
        let mut command: Command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
        let output = command.args(["check", "one.c"]).output().expect("bpfc starts");
        assert!(
            output.status.success(),
            "{one_liner}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
